"""The child process that recognises text on pages: `python -m app.documents.ocr_worker OPTIONS PARENT` (see `helper`).

A request is {"page": number from 1}; the answer a page in JSON (`model.page_to_json`) whose blocks are marked as
recognised. The models lie in the package rapidocr; nothing is fetched.
"""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import rapidocr
from PIL import Image
from rapidocr import RapidOCR

from app.documents import confine, helper
from app.documents.faults import Limits
from app.documents.model import Block, Page, page_to_json
from app.documents.picture_worker import draw, open_or_tell
from app.documents.recognised_lines import RecognisedLine, blocks_of

_DOTS_AN_INCH = 200
_LONGEST_SIDE = 2_600  # pixels; larger pictures cost time and memory and bring nothing
_FIND_LINES_IN = (
    1_600  # pixels of the longer side; larger ones take longer and lose what stands alone on a page
)
_MARGIN = 50  # pixels left around what is printed
_INK = 50  # by how much ink differs from paper, of 255
_LEAST_SCORE = 0.5  # of a line, from 0 to 1
_MODELS = {
    "Det.model_path": "PP-OCRv6_det_small.onnx",
    "Rec.model_path": "PP-OCRv6_rec_small.onnx",
}


def main(options: dict[str, Any], parent: int) -> None:
    """Open the document and recognise the pages that are asked for."""
    limits = Limits(**options["limits"])
    output, sys.stdout = sys.stdout.buffer, sys.stderr  # the pipe belongs to the protocol
    engine = make_engine(options["threads"])
    confine.end_with(parent, math.inf)
    confine.limit_resources(options["max_memory_bytes"], options["processor_seconds"])
    document = open_or_tell(sys.stdin.buffer, output, limits)
    if document is None:
        return

    def answer(request: dict[str, Any]) -> bytes:
        scale = _DOTS_AN_INCH / 72
        number = int(request["page"])
        picture = draw(document, {"page": number, "scale": scale}, _LONGEST_SIDE**2)
        width, height = document.get_page_size(number - 1)
        blocks = recognise_picture(engine, picture, width / picture.width)
        page = Page(number, blocks, width=width, height=height)
        return json.dumps({"page": page_to_json(page)}, ensure_ascii=False).encode()

    helper.reply(output, {"ready": len(document)})
    helper.serve(sys.stdin.buffer, output, answer)


def make_engine(threads: int) -> RapidOCR:
    """The recogniser, with the models out of its package."""
    models = Path(rapidocr.__file__).parent / "models"
    return RapidOCR(
        params={
            **{key: str(models / name) for key, name in _MODELS.items()},
            "Global.log_level": "critical",
            "Global.use_cls": False,  # it turns lines of upright pages upside down now and then
            "Global.max_side_len": _LONGEST_SIDE,
            "Global.text_score": _LEAST_SCORE,
            "Det.limit_type": "max",
            "Det.limit_side_len": _FIND_LINES_IN,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def recognise_picture(engine: RapidOCR, picture: Image.Image, points_a_pixel: float) -> tuple[Block, ...]:
    """The text on a picture as blocks, with places in points."""
    box = printed_box(picture)
    result: Any = engine(np.asarray(picture.crop(box))[:, :, ::-1])  # it wants blue first
    if result.boxes is None or result.txts is None:
        return ()
    lines = []
    for corners, text in zip(result.boxes + np.array(box[:2]), result.txts, strict=True):
        left, top = corners.min(axis=0) * points_a_pixel
        right, bottom = corners.max(axis=0) * points_a_pixel
        lines.append(RecognisedLine(text, (float(left), float(top), float(right), float(bottom))))
    return blocks_of(lines)


def printed_box(picture: Image.Image) -> tuple[int, int, int, int]:
    """The part of the picture that something is printed on, with a margin: on an empty page few words are found."""
    grey = np.asarray(picture.convert("L")).astype(np.int16)
    ink = np.abs(grey - int(np.median(grey))) > _INK
    places = []
    for axis, size in ((0, picture.width), (1, picture.height)):
        inked = np.flatnonzero(ink.sum(axis=axis) >= 2)  # a speck is no letter
        first, last = (int(inked[0]), int(inked[-1]) + 1) if inked.size else (0, size)
        places.append((max(first - _MARGIN, 0), min(last + _MARGIN, size)))
    (left, right), (top, bottom) = places
    return left, top, right, bottom


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"  # what has threads of its own beside the models'
    main(json.loads(sys.argv[1]), int(sys.argv[2]))
