"""The program that is killed: `python -m tests.kill.life FOLDER SEED` works over a data folder until then.

The real engine, store and readers over a tiny model; what it does is random, what it has done stands in the journal.
"""

from __future__ import annotations

import hashlib
import random
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

from app.conversation import Chat, ChatError, reading
from app.documents import extract
from app.store import StoreError
from tests.app.chatting import SETTINGS, CountingModel, World, finish, rest
from tests.kill.journal import Journal
from tests.pdfs import make_pdf
from tests.tiny import byte_tokenizer

MOST = 6  # documents, and chats
BRIEF = replace(SETTINGS, max_new_tokens=6)
KINDS = (".txt", ".md", ".pdf")


class Life:
    """Two threads: one adds and deletes documents, one reads, asks, answers again and deletes chats."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._chance = folder, random.Random(seed)
        self._journal = Journal(folder / "journal.jsonl")
        reading._SAVE_SECONDS, reading._SAVE_SHARE = 0.2, 1e9  # saved again and again
        with self._journal.doing("open and migrate"):
            self._world = World(folder / "data")
        self._world.slow_down(0.01)
        self._free: list[str] = []  # documents that no chat has
        self._chats: list[Chat] = []
        self._lock = threading.Lock()

    def run(self) -> None:
        threading.Thread(target=self._documents, daemon=True).start()
        while True:
            try:
                self._chat_once()
            except ChatError:  # a document went just then
                continue

    def _documents(self) -> None:
        chance = random.Random(self._chance.random())
        while True:
            if len(self._free) < MOST and chance.random() < 0.6:
                self._import(chance)
            elif len(self._free) > 1 and chance.random() < 0.3:
                with self._lock:
                    document = self._free.pop(chance.randrange(len(self._free)))
                with self._journal.doing("delete a document", document=document):
                    self._world.engine.delete_document(document)
            else:
                time.sleep(0.02)

    def _import(self, chance: random.Random) -> None:
        suffix = chance.choice(KINDS)
        path = self._folder / f"{chance.randrange(10**9)}{suffix}"
        text = " ".join(f"The pump {chance.randrange(10**6)} holds." for _ in range(chance.choice((20, 60))))
        if suffix == ".pdf":
            make_pdf(path, [text])
        else:
            path.write_text(text)
        with self._journal.doing("import") as done:
            try:
                document = self._world.library.add(extract(path), path)
            except StoreError:
                return
            done["document"] = document.id
            done["pages"] = digest(self._world.library.pages(document.id))
            done["sha256"] = document.sha256
        path.unlink()
        with self._lock:
            self._free.append(document.id)

    def _chat_once(self) -> None:
        chance, engine = self._chance, self._world.engine
        if len(self._chats) > MOST or (len(self._chats) > 2 and chance.random() < 0.15):
            chat = self._chats.pop(chance.randrange(len(self._chats)))
            with self._journal.doing("delete a chat", chat=chat.id):
                engine.delete_chat(chat.id)
        elif not self._chats or chance.random() < 0.3:
            self._read()
        else:
            self._answer(chance.choice(self._chats))

    def _read(self) -> None:
        with self._lock:
            if not self._free:
                return
            document = self._free.pop()
        chat = self._world.engine.new_chat(BRIEF)
        with self._journal.doing("read", chat=chat.id, document=document) as done:
            chat.add_document(document)
            rest(chat)
            done["tokens"] = chat.documents[0].tokens_total
        self._chats.append(chat)

    def _answer(self, chat: Chat) -> None:
        chance, turns = self._chance, len(chat.turns)
        kind = chance.choice(("ask", "ask", "ask", "answer again", "edit")) if turns else "ask"
        question = f"Question {chance.randrange(10**6)}?"
        with self._journal.doing(kind, chat=chat.id) as done:
            if kind == "ask":
                turn = finish(chat.ask(question))
            elif kind == "edit":
                turn = finish(chat.edit(chance.randrange(turns), question))
            else:
                turn = finish(chat.regenerate(chance.randrange(turns)))
            done["question"], done["answer"] = turn.question, turn.answer


def digest(pages: tuple[str, ...]) -> str:
    """What the texts of a document are known by."""
    return hashlib.sha256("\f".join(pages).encode()).hexdigest()


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    CountingModel(), byte_tokenizer()  # which import the rest
    print("ready", flush=True)  # from here on it may be killed
    Life(Path(sys.argv[1]), int(sys.argv[2])).run()
