"""The pieces of Web Push, put together for the composition root."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.access.rights import Right, own_grids, principal_for
from gateway.push.endpoints import AllowedHosts
from gateway.push.keys import PushKeys
from gateway.push.post import PushPost
from gateway.push.sender import PushSender
from gateway.settings import Settings
from gateway.web.context import PushDesk, WebContext
from storage.records import Account


def open_push(settings: Settings) -> PushDesk | None:
    """Return the keys and allowed hosts, the keys made at first start; None where no host is allowed.

    Raises:
        SettingsError: The key cannot be read or made.
    """
    hosts = AllowedHosts(settings.push_hosts)
    return PushDesk(PushKeys.of_folder(settings.data_dir, settings.push_contact), hosts) if hosts else None


def make_push_sender(context: WebContext) -> PushSender | None:
    """Return what wakes browsers, None where nobody is woken."""
    if context.push is None:
        return None
    stores = context.stores
    post = PushPost(context.push.keys, context.http, context.clock)
    wanted = (stores.reviews, stores.accounts, stores.push)
    return PushSender(context.feed, wanted, post, Audience(context).grids_of, context.clock)


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is woken for what, by the site as it is at that moment."""

    context: WebContext

    def grids_of(self, account: Account) -> frozenset[str]:
        """Return the grids whose urgent items wake this account: its own, within its scope, if it may judge."""
        principal = principal_for(account, self.context.site)
        if not principal.may(Right.REVIEW_JUDGE):
            return frozenset()
        return frozenset(g for g in own_grids(account, self.context.site) if principal.scope.allows(g))
