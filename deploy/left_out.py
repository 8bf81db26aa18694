"""Stands in the image ``runtime`` in the place of each package that it leaves out."""

raise ModuleNotFoundError(
    f"{__name__} is not in this image, whose target is `runtime`. The examples, their sample and the local "
    "endpoint are in the target `demo` (docker build --target demo) and in a checkout.",
    name=__name__,
)
