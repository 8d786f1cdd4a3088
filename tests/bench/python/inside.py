"""Measures parts of a call, through internals of the package."""

from time import perf_counter_ns

_TIMES = 20_000


def per_call(call):
    for _ in range(_TIMES // 10):
        call()
    start = perf_counter_ns()
    for _ in range(_TIMES):
        call()
    return (perf_counter_ns() - start) / _TIMES


def empty_function(package):
    """Returns a function of the native library that has no arguments and returns a constant number."""
    import importlib

    generated = importlib.import_module(f"{package.__name__}._native.{package.__name__}")
    return generated._UniffiLib.uniffi_purecloud_oauth_checksum_func_usage_interval
