"""Base classes and helpers of the generated module."""

from datetime import datetime
from enum import Enum
from reprlib import recursive_repr
from types import FunctionType

from . import _waiting

# The native library counts bytes in 31 bits. A longer string, in characters, is refused before with an error that names
# the argument.
LARGEST_BUFFER = 2**31 - 1
LONGEST_TEXT = 2**27


class OmittedArgument:
    """The default of an argument whose actual default is a new object for each call."""

    def __repr__(self):
        return "..."


class Optional:
    """`typing.Optional` in annotations, imported on first use: importing it takes longer than this whole package."""

    def __getitem__(self, of):
        from typing import Optional

        return Optional[of]


class DataclassAttribute:
    """An attribute that makes a record a dataclass on first use: importing `dataclasses` takes long."""

    def __set_name__(self, owner, name):
        self._name = name

    def __get__(self, record, kind):
        # The base classes in this module have no fields.
        if kind.__module__ != __name__:
            from dataclasses import dataclass

            dataclass(init=False, repr=False, eq=False)(kind)
            if self._name in vars(kind):
                return vars(kind)[self._name]
        raise AttributeError(self._name)


class Record:
    """A value whose slots are its fields. It behaves like a dataclass."""

    __slots__ = ("__weakref__",)

    __dataclass_fields__ = DataclassAttribute()
    __dataclass_params__ = DataclassAttribute()
    __match_args__ = DataclassAttribute()

    @recursive_repr()
    def __repr__(self):
        fields = ", ".join(f"{name}={self._shown(name)}" for name in self.__slots__)
        return f"{type(self).__qualname__}({fields})"

    def _shown(self, name):
        return repr(getattr(self, name))

    def __eq__(self, other):
        return _values(self) == _values(other) if type(other) is type(self) else NotImplemented

    __hash__ = None

    def __replace__(self, **changes):
        from dataclasses import replace

        return replace(self, **changes)


class RecordWithExtra(Record):
    """A record that keeps fields that this version does not know or could not read."""

    # JSON strings by field name, until `extra` is first used; unset if there are none.
    __slots__ = ("_extra_json",)

    def __getattr__(self, name):
        # Python calls this only if the attribute is not set.
        if name != "extra":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self.extra = extra_of_json(getattr(self, "_extra_json", {}))
        return self.extra

    def _shown(self, name):
        if name != "extra":
            return super()._shown(name)
        names = self.extra if isinstance(self.extra, dict) else ()
        return f"{{{', '.join(f'{name!r}: ***' for name in names)}}}"


class Extra(dict):
    """JSON values by field name, with the JSON strings that they were parsed from."""

    __slots__ = ("_json",)


class UnparsedJSON(str):
    """JSON that Python can't parse: nested too deeply, or with a number that has too many digits."""

    __slots__ = ()


def extra_of_json(strings):
    """Parses JSON strings by field name into ordinary objects."""
    if not strings:
        return {}
    from json import loads

    extra = Extra()
    extra._json = strings
    for name, string in strings.items():
        try:
            extra[name] = loads(string)
        except (ValueError, RecursionError):
            extra[name] = UnparsedJSON(string)
    return extra


def json_of_extra(extra):
    """Writes ordinary objects as JSON strings. An unchanged value keeps its original string exactly."""
    originals = getattr(extra, "_json", {})
    return {name: _json(value, originals.get(name)) for name, value in extra.items()}


def _json(value, original):
    if isinstance(value, UnparsedJSON):
        return str(value)
    from json import dumps, loads

    string = dumps(value)
    if original is not None and string == dumps(loads(original)):
        return original
    # Rejects infinity and NaN, which JSON does not have.
    return dumps(value, allow_nan=False)


def _values(record):
    return [getattr(record, name) for name in record.__slots__]


class OpenEnum:
    """An enumeration that the service may extend. Each known value is a single object, as in an `Enum`."""

    _known = []

    def __new__(cls, *arguments, **named):
        raise TypeError(
            f"a value of {cls.__name__} is written {cls._known[0]!r}, or {cls.__name__}.UNKNOWN(value=…)"
        )

    def __repr__(self):
        return f"{type(self).__name__}.{self._name}"

    def __format__(self, specification):
        return format(str(self), specification)

    def __reduce__(self):
        return getattr, (type(self), self._name)


class ClosedEnum(Enum):
    """An enumeration that only this package extends."""

    @classmethod
    def _missing_(cls, value):
        # The error of Enum repeats the value, which may be a secret passed by mistake.
        raise ValueError(f"the value is not {_a(cls)}")


class _String:
    @staticmethod
    def check_lower(value):
        check_string(value)


class UnknownValue:
    """A value of an open enumeration that this version does not know."""

    __match_args__ = ("value",)

    def __new__(cls, value):
        check("value", _String, value)
        self = object.__new__(cls)
        self._value = value
        return self

    @property
    def value(self):
        """The value as the service sent it."""
        return self._value

    def __repr__(self):
        return f"{type(self).__qualname__}(value={self._value!r})"

    def __eq__(self, other):
        return self._value == other._value if type(other) is type(self) else NotImplemented

    def __hash__(self):
        return hash(self._value)

    def __reduce__(self):
        return type(self), (self._value,)


def complete(enum, names, unknown_name, unknown):
    """Adds the values of an open enumeration, with the numbers that the native library uses."""
    enum._known = []
    for number, name in enumerate(names, 1):
        value = object.__new__(enum)
        value._name, value._number = name, number
        enum._known.append(value)
        setattr(enum, name, value)
    unknown._number = len(names) + 1
    nest(enum, unknown_name, unknown)


def nest(outer, name, inner):
    """Makes a class appear as defined inside another class."""
    inner.__name__, inner.__qualname__, inner.__module__ = name, f"{outer.__name__}.{name}", __package__
    setattr(outer, name, inner)


def publish(namespace):
    """Makes the exports of a module appear as defined in the package, and its reader available to the API objects."""
    global _prepare_reading
    _prepare_reading = namespace["_uniffi_reader"]
    for name in namespace["__all__"]:
        one = namespace[name]
        one.__module__ = __package__
        for member in vars(one).values() if isinstance(one, type) else ():
            member = getattr(member, "__func__", member)
            if isinstance(member, FunctionType):
                member.__module__ = __package__


def publish_warnings(messages):
    """Issues warnings about settings, attributed to the line that called the public function."""
    for message in messages:
        from warnings import warn

        warn(f"purecloud-oauth: {message}", UserWarning, stacklevel=3)


class NativeObject:
    """An immutable object of the native library. A copy is the object itself."""

    __slots__ = ("_handle", "__weakref__")

    def __init__(self, *arguments, **named):
        members = vars(type(self)).items()
        constructors = [
            f"{type(self).__name__}.{name}()"
            for name, member in members
            if isinstance(member, classmethod) and name[0] != "_"
        ]
        raise TypeError(f"{_a(type(self))} is made by {' or '.join(constructors)}")

    def _open_handle(self):
        """Returns the handle, and the object that keeps the handle from being freed."""
        handle = self._handle
        if handle is None:
            raise RuntimeError(f"this {type(self).__name__} is closed")
        return handle

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __reduce_ex__(self, protocol):
        raise TypeError(f"{_a(type(self))} can't be pickled: it may hold a secret, or connections")


class Api(NativeObject):
    """The methods that both API classes have in addition to their operations."""

    def _open_handle(self):
        # Each operation calls this first, and its result must be readable.
        _waiting.check_stack_depth()
        _prepare_reading()
        return super()._open_handle()

    def close(self):
        """Closes the connections. Calls in progress are completed; further calls are refused."""
        self._handle = None

    def __repr__(self):
        name = type(self).__name__
        return f"<{name}, closed>" if self._handle is None else f"<{name} of {self.host().api_url()}>"


class AsyncApi(Api):
    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, traceback):
        self.close()


class BlockingApi(Api):
    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        self.close()


def _a(kind):
    name = kind.__name__
    return f"{'an' if name[0] in 'AEIOaeio' else 'a'} {name}"


def check(name, converter, value):
    """Checks the value of an argument or field; the error names it."""
    try:
        converter.check_lower(value)
    except (TypeError, ValueError) as error:
        problem = _located(name, error)
    else:
        return
    raise problem


def check_items(converter, items):
    check_list(items)
    for place, item in enumerate(items):
        check(f"[{place}]", converter, item)


def check_entries(keys, values, entries):
    # The error gives a position, not the key, which may be a secret passed by mistake.
    check_instance(entries, dict)
    for place, (key, value) in enumerate(entries.items()):
        check(f"[key {place}]", keys, key)
        check(f"[value {place}]", values, value)


class _JSON:
    @staticmethod
    def check_lower(value):
        original, value = value
        try:
            _json(value, original)
        except (TypeError, ValueError, RecursionError) as error:
            problem = f"can't be written as JSON ({error})"
        else:
            return
        raise TypeError(problem)


def check_extra(extra):
    check_instance(extra, dict)
    originals = getattr(extra, "_json", {})
    for place, (name, value) in enumerate(extra.items()):
        check(f"[key {place}]", _String, name)
        check(f"[{name!r}]", _JSON, (originals.get(name), value))


def _located(place, error):
    """Returns the error with the path of the value: `body.scope[1]: a str is required, not NoneType`."""
    path, message = getattr(error, "_located", ("", str(error)))
    path = f"{place}{path}" if path[:1] in ("", "[") else f"{place}.{path}"
    located = (TypeError if isinstance(error, TypeError) else ValueError)(f"{path}: {message}")
    located._located = path, message
    return located


def check_instance(value, wanted):
    if not isinstance(value, wanted):
        raise TypeError(f"{_a(wanted)} is required, not {type(value).__name__}")


def check_list(value):
    # A string is a sequence of strings too, but never meant as a list.
    if isinstance(value, (str, bytes)) or not hasattr(value, "__len__"):
        check_instance(value, list)


def check_timestamp(value):
    check_instance(value, datetime)
    if value.utcoffset() is None:
        raise ValueError("a datetime must have a time zone; set one, such as tzinfo=timezone.utc")


def check_size(data):
    if len(data) > LARGEST_BUFFER:
        raise ValueError(f"an argument takes {len(data)} bytes; at most {LARGEST_BUFFER} are allowed")


def check_string(value):
    check_instance(value, str)
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"{len(value)} characters are too many; at most {LONGEST_TEXT} are allowed")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            # The original error holds the whole string, which may be a secret.
            problem = f"character {error.start} is half of a surrogate pair, which is not allowed in a string"
        else:
            return
        raise ValueError(problem)
