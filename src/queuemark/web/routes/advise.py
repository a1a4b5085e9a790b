"""``/advise``: which mechanism?"""

from __future__ import annotations

__all__ = ["advise_data", "advise_page"]

from litestar import MediaType, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery

from queuemark.web.data.advise import AdvisePage, Asking, advise
from queuemark.web.numbers import FromCount
from queuemark.web.pages import page_html
from queuemark.web.reading import FromReading, SiteUrl


def _asking(
    size: FromQuery[str] = "64",
    consumers: FromCount = 1,
    rate: FromQuery[str] = "",
    p99: FromQuery[str] = "",
    lossless: FromQuery[bool] = False,
    ordered: FromQuery[bool] = False,
    across_hosts: FromQuery[bool] = False,
    platform: FromQuery[str] = "",
) -> Asking:
    """A wish: sizes, rates and times as they are typed, ``4k``, ``1M``, ``200us``."""
    return Asking(
        size=size,
        consumers=consumers,
        rate=rate,
        p99=p99,
        lossless=lossless,
        ordered=ordered,
        across_hosts=across_hosts,
        platform=platform,
    )


_WISH = {"asking": Provide(_asking, sync_to_thread=False)}


@get("/advise", media_type=MediaType.HTML, sync_to_thread=True, include_in_schema=False, dependencies=_WISH)
def advise_page(reading: FromReading, site_url: SiteUrl, asking: NamedDependency[Asking]) -> str:
    """A wish, and what meets it best."""
    return page_html("advise.html", advise(reading.record, reading.documents, asking), site_url)


@get("/api/advise", sync_to_thread=True, dependencies=_WISH)
def advise_data(reading: FromReading, asking: NamedDependency[Asking]) -> AdvisePage:
    """What of everything that was measured meets a wish best."""
    return advise(reading.record, reading.documents, asking)
