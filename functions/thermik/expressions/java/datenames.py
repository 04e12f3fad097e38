"""Names of months, days and zones, and the localised styles, of the locales that are supported."""

from __future__ import annotations

import re
from dataclasses import dataclass

from thermik.expressions.errors import ExpressionRuntimeError

_NARROW_BLANK = "\u202f"  # before AM and PM since CLDR 42, which Java has from 20 on


@dataclass(frozen=True)
class Names:
    """The words of one locale; weeks begin on Sunday in `en`, else on Monday."""

    language: str
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]
    halves: tuple[str, str]
    styles: dict[str, str]


def _names(language: str, words: str, halves: tuple[str, str], styles: tuple[str, ...]) -> Names:
    months, short_months, days, short_days = (tuple(part.split()) for part in words.split("|"))
    kinds = dict(zip(("full", "long", "medium", "short"), styles, strict=True))
    return Names(language, months, short_months, days, short_days, halves, kinds)


_MERIDIEM = ("AM", "PM")
ENGLISH = _names(
    "en",
    "January February March April May June July August September October November December"
    "|Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
    "|Monday Tuesday Wednesday Thursday Friday Saturday Sunday|Mon Tue Wed Thu Fri Sat Sun",
    _MERIDIEM,
    (
        f"EEEE, MMMM d, y, h:mm:ss{_NARROW_BLANK}a zzzz",
        f"MMMM d, y, h:mm:ss{_NARROW_BLANK}a z",
        f"MMM d, y, h:mm:ss{_NARROW_BLANK}a",
        f"M/d/yy, h:mm{_NARROW_BLANK}a",
    ),
)
_LOCALES = {
    "en": ENGLISH,
    "fr": _names(
        "fr",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
        "|janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."
        "|lundi mardi mercredi jeudi vendredi samedi dimanche|lun. mar. mer. jeu. ven. sam. dim.",
        _MERIDIEM,
        ("EEEE d MMMM y, HH:mm:ss zzzz", "d MMMM y, HH:mm:ss z", "d MMM y, HH:mm:ss", "dd/MM/y HH:mm"),
    ),
    "de": _names(
        "de",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
        "|Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."
        "|Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag|Mo. Di. Mi. Do. Fr. Sa. So.",
        _MERIDIEM,
        ("EEEE, d. MMMM y, HH:mm:ss zzzz", "d. MMMM y, HH:mm:ss z", "dd.MM.y, HH:mm:ss", "dd.MM.yy, HH:mm"),
    ),
    "es": _names(
        "es",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
        "|ene feb mar abr may jun jul ago sept oct nov dic"
        "|lunes martes miércoles jueves viernes sábado domingo|lun mar mié jue vie sáb dom",
        ("a.\u00a0m.", "p.\u00a0m."),
        (
            "EEEE, d 'de' MMMM 'de' y, H:mm:ss (zzzz)",
            "d 'de' MMMM 'de' y, H:mm:ss z",
            "d MMM y, H:mm:ss",
            "d/M/yy, H:mm",
        ),
    ),
    "it": _names(
        "it",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"
        "|gen feb mar apr mag giu lug ago set ott nov dic"
        "|lunedì martedì mercoledì giovedì venerdì sabato domenica|lun mar mer gio ven sab dom",
        _MERIDIEM,
        ("EEEE d MMMM y HH:mm:ss zzzz", "d MMMM y HH:mm:ss z", "d MMM y, HH:mm:ss", "dd/MM/yy, HH:mm"),
    ),
    "pt": _names(
        "pt",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
        "|jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez."
        "|segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo"
        "|seg. ter. qua. qui. sex. sáb. dom.",
        _MERIDIEM,
        (
            "EEEE, d 'de' MMMM 'de' y HH:mm:ss zzzz",
            "d 'de' MMMM 'de' y HH:mm:ss z",
            "d 'de' MMM 'de' y HH:mm:ss",
            "dd/MM/y HH:mm",
        ),
    ),
}  # fmt: skip

_ZONE_NAMES = {
    "UTC": "Coordinated Universal Time",
    "GMT": "Greenwich Mean Time",
    "BST": "British Summer Time",
    "CET": "Central European Standard Time",
    "CEST": "Central European Summer Time",
    "EET": "Eastern European Standard Time",
    "EEST": "Eastern European Summer Time",
    "WET": "Western European Standard Time",
    "WEST": "Western European Summer Time",
    "MSK": "Moscow Standard Time",
    "JST": "Japan Standard Time",
    "KST": "Korean Standard Time",
    "HKT": "Hong Kong Standard Time",
    "SAST": "South Africa Standard Time",
    "AEST": "Australian Eastern Standard Time",
    "AEDT": "Australian Eastern Daylight Time",
    "NZST": "New Zealand Standard Time",
    "NZDT": "New Zealand Daylight Time",
    "AKST": "Alaska Standard Time",
    "AKDT": "Alaska Daylight Time",
    "EST": "Eastern Standard Time",
    "EDT": "Eastern Daylight Time",
    "MST": "Mountain Standard Time",
    "MDT": "Mountain Daylight Time",
    "PST": "Pacific Standard Time",
    "PDT": "Pacific Daylight Time",
    "AST": "Atlantic Standard Time",
    "ADT": "Atlantic Daylight Time",
    "HST": "Hawaii-Aleutian Standard Time",
}
# abbreviations that mean several zones
_OF_ONE_REGION = {
    ("Asia/Kolkata", "IST"): "India Standard Time",
    ("Asia/Calcutta", "IST"): "India Standard Time",
    ("Asia/Shanghai", "CST"): "China Standard Time",
    ("America/Chicago", "CST"): "Central Standard Time",
    ("America/Chicago", "CDT"): "Central Daylight Time",
}
# the tz data gave these names up for numbers such as `+08`, Java kept them
_NAMES_WITHOUT_LETTERS = {
    "Asia/Singapore": "SGT",
    "Asia/Dubai": "GST",
    "America/Sao_Paulo": "BRT",
    "Europe/Istanbul": "TRT",
}


def locale_named(name: str | None) -> Names:
    """The words of a locale such as `fr` or `fr_FR`; `en` where none is named.

    Raises:
        ExpressionRuntimeError: a locale that is not supported.
    """
    language = re.split(r"[_-]", name)[0].lower() if name else "en"
    found = _LOCALES.get(language)
    if found is None:
        raise ExpressionRuntimeError(f"The locale '{name}' is not supported, only {', '.join(sorted(_LOCALES))}")
    return found


def short_zone_name(region: str, abbreviation: str | None) -> str:
    """`CET`; zones without letters of their own have some of Java's.

    Raises:
        ExpressionRuntimeError: no name is known.
    """
    if region in _NAMES_WITHOUT_LETTERS:
        return _NAMES_WITHOUT_LETTERS[region]
    if abbreviation and abbreviation.isalpha():
        return abbreviation
    raise ExpressionRuntimeError(f"The short name of the time zone {region} is not supported in a date's pattern")


def long_zone_name(region: str, abbreviation: str | None) -> str:
    """`Central European Standard Time`.

    Raises:
        ExpressionRuntimeError: no name is known.
    """
    found = _OF_ONE_REGION.get((region, abbreviation or "")) or _ZONE_NAMES.get(abbreviation or "")
    if not found or region in _NAMES_WITHOUT_LETTERS:
        raise ExpressionRuntimeError(f"The long name of the time zone {region} is not supported in a date's pattern")
    return found
