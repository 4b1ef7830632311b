"""Short names of a profile's methods: what tables, pictures and the command line call them."""

from __future__ import annotations

from bench.base.errors import BenchError, unknown
from bench.experiment.method_specs import files_of, method_spec
from bench.experiment.profile.schema import Profile
from methods.facts import facts


def short_names(profile: Profile) -> dict[str, str]:
    """Method, as cells are named by it -> its name in `profile.names`.

    Raises:
        BenchError: a name for a method that the profile does not have, two names for one method, a name that is that of
            another method or does not begin with its own: `optical` and `optical(textbook)` may stand for a variant of `optical`.
    """
    specs = [method_spec(entry.method) for entry in profile.grid.methods]
    files, methods = files_of(specs), {str(spec) for spec in specs}
    found: dict[str, str] = {}
    for name, text in profile.names.items():
        method = str(method_spec(text, files))
        if method not in methods:
            raise unknown("method in names", method, methods)
        if method in found:
            raise BenchError(f"names: {found[method]!r} and {name!r} are both {method}", "give it one name")
        if name in methods - {method}:
            raise BenchError(f"names: {name!r} is another method of the grid", f"call {method} something else")
        base = method.partition("(")[0]
        if name != base and not (name.startswith(f"{base}(") and name.endswith(")")):
            raise BenchError(
                f"names: {name!r} does not begin with the name of its method, {base}", f"write {base}({name}), or {base}"
            )
        if lost := [part for part in facts(method).told_by if part not in facts(name).told_by]:
            raise BenchError(
                f"names: {name!r} hides {lost[0]}, by which tables know {method}", "leave this method without a short name"
            )
        found[method] = name
    return found


def primary_pairs(profile: Profile) -> tuple[tuple[str, str], ...]:
    """The pairs of `comparison.primary`, as tables call their methods.

    Raises:
        BenchError: a method that the grid does not have, a pair of one method, a pair twice, a size that the grid does not have.
    """
    short = short_names(profile)
    specs = [method_spec(entry.method) for entry in profile.grid.methods]
    files, shown = files_of(specs), {str(spec): short.get(str(spec), str(spec)) for spec in specs}
    found: list[tuple[str, str]] = []
    for pair in profile.comparison.primary:
        names = [name if name in shown.values() else shown.get(str(method_spec(name, files)), "") for name in pair]
        for name, given in zip(names, pair, strict=True):
            if not name:
                raise unknown("method in comparison.primary", given, [*shown.values()])
        if names[0] == names[1]:
            raise BenchError(f"comparison.primary: {names[0]!r} is compared with itself", "name two methods")
        if any(set(names) == set(other) for other in found):
            raise BenchError(f"comparison.primary: {' and '.join(names)} stand there twice", "each pair is one comparison")
        found.append((names[0], names[1]))
    sizes = {size for entry in profile.grid.methods for size in entry.sizes or ()} | set(profile.grid.sizes)
    for size in profile.comparison.sizes:
        if size not in sizes:
            raise unknown("size in comparison.sizes", str(size), [str(one) for one in sorted(sizes)])
    return tuple(found)
