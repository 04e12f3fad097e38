"""Makes orders.csv, the same bytes each time: `python examples/orders/generate.py > examples/orders/orders.csv`."""

from __future__ import annotations

import csv
import random
import sys
from datetime import date, timedelta

ORDERS = 4_000
SEED = 20_250_101

COUNTRIES = {"DE": 21, "FR": 16, "GB": 14, "ES": 11, "IT": 11, "NL": 8, "PL": 7, "SE": 5, "AT": 4, "PT": 3}
"""Country and its share of the orders, in hundredths."""

PRODUCTS = {"lamp": "24.90", "chair": "79.00", "desk": "249.00", "shelf": "119.50", "rug": "64.00", "clock": "32.40"}


def main() -> None:
    """Print the orders of a year, oldest first."""
    draw = random.Random(SEED)  # noqa: S311 - orders to look at, no secrets
    days = sorted(draw.randrange(365) for _ in range(ORDERS))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["order", "date", "country", "product", "quantity", "price"])
    for number, day in enumerate(days, start=1):
        [country] = draw.choices([*COUNTRIES], weights=[*COUNTRIES.values()])
        product = draw.choice([*PRODUCTS])
        ordered = date(2025, 1, 1) + timedelta(days=day)
        writer.writerow([number, ordered, country, product, draw.choice([1, 1, 1, 2, 2, 3, 4, 6]), PRODUCTS[product]])


if __name__ == "__main__":
    main()
