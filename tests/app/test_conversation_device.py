"""The line before the device."""

from __future__ import annotations

import threading

from app.conversation.device import Device
from tests.app.chatting import wait_until


def test_tickets_are_served_in_the_order_they_were_taken() -> None:
    device = Device()
    first = device.ticket()
    assert first.wait(0)
    served: list[int] = []
    threads = []
    for number in range(5):
        ticket = device.ticket()

        def work(ticket=ticket, number=number) -> None:
            with ticket:
                assert ticket.wait(10)
                served.append(number)

        assert ticket.place == number + 1
        threads.append(threading.Thread(target=work))
    for thread in reversed(threads):  # the order of waiting does not count
        thread.start()
    first.leave()
    for thread in threads:
        thread.join(10)
    assert served == [0, 1, 2, 3, 4]


def test_whoever_lines_up_again_lets_the_others_in_between() -> None:
    device = Device()
    order: list[str] = []
    holding = device.ticket()
    other = device.ticket()

    def work() -> None:
        with other:
            assert other.wait(10)
            order.append("other")

    thread = threading.Thread(target=work)
    thread.start()
    holding.leave()
    with device.ticket() as again:
        assert again.wait(10)
        order.append("again")
    thread.join(10)
    assert order == ["other", "again"]


def test_leaving_before_the_turn_comes_frees_the_place() -> None:
    device = Device()
    first, second, third = device.ticket(), device.ticket(), device.ticket()
    assert not third.wait(0.01)
    second.leave()
    second.leave()  # twice does no harm
    assert third.place == 1
    first.leave()
    assert third.wait(0)
    third.leave()


def test_a_free_device_is_taken_without_waiting_and_a_busy_one_is_not() -> None:
    device = Device()
    ticket = device.ticket_if_free()
    assert ticket is not None
    assert device.ticket_if_free() is None
    ticket.leave()
    wait_until(lambda: device.ticket_if_free() is not None)
