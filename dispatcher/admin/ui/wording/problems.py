"""What went wrong, for people: by the code of a problem."""

from collections.abc import Mapping

from dispatcher.admin.ui.language import N_

# Title, and what to do.
PROBLEMS: Mapping[str, tuple[str, str]] = {
    "cross_site": (
        N_("This did not come from a page here"),
        N_("Another site may have sent it, so nothing was done. Go back, load the page again, and repeat it."),
    ),
    "forbidden": (
        N_("This is not allowed for you"),
        N_("Your role does not allow it, or not at this clinic. An owner can do it, or change your role."),
    ),
    "cannot_grant": (N_("This is not yours to grant"), N_("Nobody can grant more than they hold themselves.")),
    "clinic_needed": (N_("Which clinic?"), N_("Choose the clinic that is meant, above.")),
    "not_found": (
        N_("There is no such thing"),
        N_("It is gone, it belongs to another clinic, or the address is misspelt."),
    ),
    "method_not_allowed": (N_("This cannot be done here"), N_("Go back, load the page again, and repeat it.")),
    "body_too_large": (N_("This is too large"), N_("Forms take 64 KB at most.")),
    "conflict": (N_("This cannot be done now"), N_("Load the page again: things have changed in the meantime.")),
    "rate_limited": (N_("Too many requests"), N_("Wait a minute, then load the page again.")),
    "unavailable": (
        N_("The database cannot be reached, or is too busy"),
        N_("Deliveries are not lost. Try again in a few seconds."),
    ),
    "internal": (
        N_("Something went wrong"),
        N_("It is in the log under the request's id. Tell it to who runs this service."),
    ),
}
OTHER = (N_("The request cannot be understood"), N_("Go back, load the page again, and repeat it."))
