"""What the generated classes are made of."""

from datetime import datetime
from enum import Enum
from reprlib import recursive_repr
from types import FunctionType

from . import _waiting

# The library counts bytes in 31 bits. A text that is longer than this, in characters, is refused by name before.
LARGEST_BUFFER = 2**31 - 1
LONGEST_TEXT = 2**27


class LeftOut:
    """The default of an argument whose value is made anew for each call."""

    def __repr__(self):
        return "..."


class Optional:
    """`typing.Optional` in annotations, which are seldom looked at: importing it takes longer than all of ours."""

    def __getitem__(self, of):
        from typing import Optional

        return Optional[of]


class OfDataclasses:
    """What a dataclass has beside the rest: importing `dataclasses` takes longer than all of ours."""

    def __set_name__(self, owner, name):
        self._name = name

    def __get__(self, record, kind):
        # Not those that are defined here: they have no fields.
        if kind.__module__ != __name__:
            from dataclasses import dataclass

            dataclass(init=False, repr=False, eq=False)(kind)
            if self._name in vars(kind):
                return vars(kind)[self._name]
        raise AttributeError(self._name)


class Record:
    """A value with the fields that it has slots for. It behaves as a dataclass does."""

    __slots__ = ("__weakref__",)

    __dataclass_fields__ = OfDataclasses()
    __dataclass_params__ = OfDataclasses()
    __match_args__ = OfDataclasses()

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
    """A record with fields that this version does not know, or could not read."""

    # Strings of JSON by the names of the fields, until `extra` is used; unset if there are none.
    __slots__ = ("_extra_json",)

    def __getattr__(self, name):
        # Python calls this only while there is no such attribute.
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
    """JSON by the names of fields. It remembers the JSON of what it was made of."""

    __slots__ = ("_json",)


class JSONText(str):
    """JSON that is nested too deeply for Python, or has a number of too many digits."""

    __slots__ = ()


def extra_of_json(texts):
    """Makes ordinary objects of JSON."""
    if not texts:
        return {}
    from json import loads

    extra = Extra()
    extra._json = texts
    for name, text in texts.items():
        try:
            extra[name] = loads(text)
        except (ValueError, RecursionError):
            extra[name] = JSONText(text)
    return extra


def json_of_extra(extra):
    """Makes JSON of ordinary objects. An unchanged value has the same JSON as before, digit for digit."""
    made_of = getattr(extra, "_json", {})
    return {name: _json(value, made_of.get(name)) for name, value in extra.items()}


def _json(value, made_of):
    if isinstance(value, JSONText):
        return str(value)
    from json import dumps, loads

    text = dumps(value)
    if made_of is not None and text == dumps(loads(made_of)):
        return made_of
    # Refuses infinity and NaN, which JSON does not have.
    return dumps(value, allow_nan=False)


def _values(record):
    return [getattr(record, name) for name in record.__slots__]


class OpenEnum:
    """An enumeration that the service may extend: each known value is one object, as those of an `Enum` are."""

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
    """An enumeration of this package alone."""

    @classmethod
    def _missing_(cls, value):
        # Enum's own error repeats the value, which may be a secret that was confused with it.
        raise ValueError(f"no {cls.__name__} has the value that was given")


class _Text:
    @staticmethod
    def check_lower(value):
        check_text(value)


class UnknownValue:
    """The value of an open enumeration that this version does not know."""

    __match_args__ = ("value",)

    def __new__(cls, value):
        check("value", _Text, value)
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
    """Gives an open enumeration its values, numbered as the library numbers them."""
    enum._known = []
    for number, name in enumerate(names, 1):
        value = object.__new__(enum)
        value._name, value._number = name, number
        enum._known.append(value)
        setattr(enum, name, value)
    unknown._number = len(names) + 1
    nest(enum, unknown_name, unknown)


def nest(outer, name, inner):
    """Shows a class as one that is defined inside another."""
    inner.__name__, inner.__qualname__, inner.__module__ = name, f"{outer.__name__}.{name}", __package__
    setattr(outer, name, inner)


def publish(namespace):
    """Shows what a module exports as part of the package, wherever it is defined."""
    for name in namespace["__all__"]:
        one = namespace[name]
        one.__module__ = __package__
        for member in vars(one).values() if isinstance(one, type) else ():
            member = getattr(member, "__func__", member)
            if isinstance(member, FunctionType):
                member.__module__ = __package__


def publish_warnings(messages):
    """Warns of settings, in the name of the line that has called the function of the interface."""
    for message in messages:
        from warnings import warn

        warn(f"purecloud-oauth: {message}", UserWarning, stacklevel=3)


class NativeObject:
    """An object of the library, which does not change: a copy is the object itself."""

    __slots__ = ("_handle", "__weakref__")

    def __init__(self, *arguments, **named):
        made = vars(type(self)).items()
        ways = [
            f"{type(self).__name__}.{name}()"
            for name, way in made
            if isinstance(way, classmethod) and name[0] != "_"
        ]
        raise TypeError(f"{_a(type(self))} is made by {' or '.join(ways)}")

    def _open_handle(self):
        """The number of its handle, and what keeps that from being freed."""
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


class Client(NativeObject):
    """What the clients have beside their operations."""

    def _open_handle(self):
        # Each operation begins here, and what it returns must be read.
        _waiting.try_depth()
        return super()._open_handle()

    def close(self):
        """Lets go of the connections. Calls that are under way come to their end; further ones are refused."""
        self._handle = None

    def __repr__(self):
        name = type(self).__name__
        return f"<{name}, closed>" if self._handle is None else f"<{name} of {self.host().api_url()}>"


class AsyncClient(Client):
    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, traceback):
        self.close()


class BlockingClient(Client):
    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        self.close()


def _a(kind):
    name = kind.__name__
    return f"{'an' if name[0] in 'AEIOaeio' else 'a'} {name}"


def check(name, converter, value):
    """Says of which argument or field a value is not what it has to be."""
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
    # A key is not repeated: it may be a secret that was confused with its name.
    check_instance(entries, dict)
    for place, (key, value) in enumerate(entries.items()):
        check(f"[key {place}]", keys, key)
        check(f"[value {place}]", values, value)


class _JSON:
    @staticmethod
    def check_lower(value):
        made_of, value = value
        try:
            _json(value, made_of)
        except (TypeError, ValueError, RecursionError) as error:
            problem = f"can't be written as JSON ({error})"
        else:
            return
        raise TypeError(problem)


def check_extra(extra):
    check_instance(extra, dict)
    made_of = getattr(extra, "_json", {})
    for place, (name, value) in enumerate(extra.items()):
        check(f"[key {place}]", _Text, name)
        check(f"[{name!r}]", _JSON, (made_of.get(name), value))


def _located(place, error):
    """The same error, with the place of the value: `body.scope[1]: a str is required, not NoneType`."""
    path, said = getattr(error, "_located", ("", str(error)))
    path = f"{place}{path}" if path[:1] in ("", "[") else f"{place}.{path}"
    located = (TypeError if isinstance(error, TypeError) else ValueError)(f"{path}: {said}")
    located._located = path, said
    return located


def check_instance(value, wanted):
    if not isinstance(value, wanted):
        raise TypeError(f"{_a(wanted)} is required, not {type(value).__name__}")


def check_list(value):
    # A text is a sequence of texts too, and never meant as one.
    if isinstance(value, (str, bytes)) or not hasattr(value, "__len__"):
        check_instance(value, list)


def check_moment(value):
    check_instance(value, datetime)
    if value.utcoffset() is None:
        raise ValueError(
            "a datetime without a time zone is no moment; give it one, such as tzinfo=timezone.utc"
        )


def check_size(data):
    if len(data) > LARGEST_BUFFER:
        raise ValueError(f"an argument takes {len(data)} bytes; at most {LARGEST_BUFFER} are allowed")


def check_text(value):
    check_instance(value, str)
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"{len(value)} characters are too many; at most {LONGEST_TEXT} are allowed")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            # The error itself holds the whole text, which may be a secret.
            problem = f"character {error.start} is half of a surrogate pair, which is not text"
        else:
            return
        raise ValueError(problem)
