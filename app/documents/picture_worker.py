"""The child process that draws pages: `python -m app.documents.picture_worker OPTIONS PARENT` (see `helper`).

A request is {"page": number from 1, "width": pixels} or {"page": …, "scale": pixels a point}; the answer a PNG.
Comments and the values of form fields are drawn as they stand on the page, and a page that is turned is shown turned.
"""

from __future__ import annotations

import io
import json
import math
import sys
from typing import Any

import pypdfium2 as pdfium
from PIL import Image
from pypdfium2 import PdfiumError

from app.documents import confine, helper
from app.documents.faults import Fault, Limits
from app.documents.helper import RequestFailed
from app.documents.pdf_opening import open_document
from app.documents.readers import Refused
from app.sentences import Sentence, to_json

_FAULTS = {
    Fault.ENCRYPTED: Sentence("it is encrypted and needs a password"),
    Fault.TRUNCATED: Sentence("the file was cut off"),
    Fault.NO_PAGES: Sentence("the file has no pages"),
}


def main(options: dict[str, Any], parent: int) -> None:
    """Open the document and draw what is asked for."""
    limits = Limits(**options["limits"])
    output, sys.stdout = sys.stdout.buffer, sys.stderr  # the pipe belongs to the protocol
    confine.end_with(parent, math.inf)
    confine.limit_resources(limits.max_memory_bytes, options["processor_seconds"])
    document = open_or_tell(sys.stdin.buffer, output, limits)
    if document is not None:
        helper.reply(output, {"ready": len(document)})
        helper.serve(
            sys.stdin.buffer, output, lambda request: _png(draw(document, request, options["max_pixels"]))
        )


def open_or_tell(input_: Any, output: Any, limits: Limits) -> pdfium.PdfDocument | None:
    """The document that comes first, with its forms; None after it has been told why there is none."""
    try:
        document = open_document(helper.take_document(input_), max_pages=limits.max_pages).document
        document.init_forms()
        return document
    except Refused as refused:
        helper.reply(output, {"error": to_json(_FAULTS.get(refused.fault, Sentence("the file is damaged")))})
    except MemoryError:
        helper.reply(output, {"error": to_json(Sentence("that needs more memory than the limit"))})
    return None


def draw(document: pdfium.PdfDocument, request: dict[str, Any], max_pixels: int) -> Image.Image:
    """The page as a picture of at most `max_pixels`. Raises RequestFailed."""
    number = int(request["page"])
    if not 1 <= number <= len(document):
        raise RequestFailed(
            Sentence("there is no page {page:,} among its {total:,}", page=number, total=len(document))
        )
    try:
        page = document[number - 1]
        try:
            width, height = page.get_size()
            if not (0 < width < math.inf and 0 < height < math.inf):
                raise RequestFailed(Sentence("the page has no size"))
            scale = request["width"] / width if "width" in request else request["scale"]
            scale = min(scale, math.sqrt(max_pixels / (width * height)), 65_000 / max(width, height))
            # Neither a pixel high nor wide is no picture: pages may be ten metres by a millimetre.
            scale = max(scale, 1 / min(width, height)) if width * height < max_pixels else scale
            bitmap = page.render(scale=scale, rev_byteorder=True)
            image: Image.Image = bitmap.to_pil().convert("RGB")
            return image
        finally:
            page.close()
    except PdfiumError as error:
        raise RequestFailed(Sentence("the page is damaged")) from error
    except MemoryError as error:
        raise RequestFailed(Sentence("that needs more memory than the limit")) from error


def _png(image: Image.Image) -> bytes:
    output = io.BytesIO()
    image.save(output, "PNG", compress_level=3)  # half the time of the default for a tenth more bytes
    return output.getvalue()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), int(sys.argv[2]))
