"""What an endpoint can be asked to be."""

from collections.abc import Mapping

from dispatcher.admin.ui.language import N_

ORDERINGS: Mapping[str, str] = {
    "none": N_("None: everything as soon as it can be sent"),
    "per_resource": N_("Events about the same thing one after the other, in the order of the commits"),
}
