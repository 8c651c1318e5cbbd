"""Functions that HermeticTxtFuncMap has although their result is random, or needs the clock, a date or a certificate.

A template that names one is parsed; running it is an error, since a simulation cannot repeat what Flux would get.
"""

from __future__ import annotations

from typing import NoReturn

from fluxsim.formats.gotemplate.errors import FunctionFault
from fluxsim.formats.gotemplate.values import INTERFACE, Function, Value


def _unavailable(reason: str, *parameters: str) -> Function:
    def refuse(*_values: Value) -> NoReturn:
        raise FunctionFault(f"its result {reason}, so it cannot be simulated")

    return Function(refuse, parameters)


_RANDOM = "is random"
_CLOCK = "depends on the clock"
_DATE = "is a date with the zone of the machine"
_IPS = "[]interface {}"

FUNCTIONS: dict[str, Function] = {
    "shuffle": _unavailable(_RANDOM, "string"),
    "randInt": _unavailable(_RANDOM, "int", "int"),
    "bcrypt": _unavailable(_RANDOM, "string"),
    "encryptAES": _unavailable(_RANDOM, "string", "string"),
    "genPrivateKey": _unavailable(_RANDOM, "string"),
    "genCA": _unavailable(_RANDOM, "string", "int"),
    "genCAWithKey": _unavailable(_RANDOM, "string", "int", "string"),
    "genSelfSignedCert": _unavailable(_RANDOM, "string", _IPS, _IPS, "int"),
    "genSelfSignedCertWithKey": _unavailable(_RANDOM, "string", _IPS, _IPS, "int", "string"),
    "genSignedCert": _unavailable(_RANDOM, "string", _IPS, _IPS, "int", "sprig.certificate"),
    "genSignedCertWithKey": _unavailable(_RANDOM, "string", _IPS, _IPS, "int", "sprig.certificate", "string"),
    "buildCustomCert": _unavailable("is a certificate", "string", "string"),
    "ago": _unavailable(_CLOCK, INTERFACE),
    "toDate": _unavailable(_DATE, "string", "string"),
    "mustToDate": _unavailable(_DATE, "string", "string"),
    "mustDateModify": _unavailable(_DATE, "string", "time.Time"),
    "must_date_modify": _unavailable(_DATE, "string", "time.Time"),
    "unixEpoch": _unavailable(_DATE, "time.Time"),
}
