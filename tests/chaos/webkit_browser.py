"""A small browser around the machine's WebKitGTK, led over its standard input: one device and its storage.

It runs under the system's Python, which has GTK's bindings, and imports nothing of ours. WebKit's own driver
is no use here: it runs no script before those of a page, and cannot kill a page's process.

Arguments: the folder of its storage, the address for its cookies, and those as JSON. Each line it reads is
`{"id", "do", "tab", …}`, each line it writes `{"id", "gave"}` or `{"id", "failed"}`.
"""

# ruff: noqa: ANN401 -- GTK's bindings have no types

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Soup", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import GLib, Gtk, Soup, WebKit2  # noqa: E402 -- the versions are said before

ONE_DAY = 86_400
PHONE = 390, 844


class Browser:
    """The tabs of one device, by their names."""

    def __init__(self, folder: Path, address: str, cookies: dict[str, str]) -> None:
        """Open the storage in `folder`; only a new one is given the cookies."""
        is_new = not folder.exists()
        manager = WebKit2.WebsiteDataManager(
            base_data_directory=str(folder / "data"), base_cache_directory=str(folder / "cache")
        )
        self._context = WebKit2.WebContext.new_with_website_data_manager(manager)
        self._context.set_preferred_languages(["fr-FR"])
        self._tabs: dict[str, Any] = {}
        self._windows: dict[str, Any] = {}
        folder.mkdir(parents=True, exist_ok=True)
        jar = manager.get_cookie_manager()
        jar.set_persistent_storage(str(folder / "cookies"), WebKit2.CookiePersistentStorage.SQLITE)
        self._missing = len(cookies) if is_new else 0
        for name, value in cookies.items() if is_new else ():
            cookie = Soup.Cookie.new(name, value, urlsplit(address).hostname, "/", ONE_DAY)
            jar.add_cookie(cookie, None, self._count_cookie)

    def _count_cookie(self, jar: Any, result: Any) -> None:
        jar.add_cookie_finish(result)
        self._missing -= 1

    def obey(self, order: dict[str, Any]) -> bool:
        """Do what one line asks for; asked by GLib, which is told not to ask again."""
        if self._missing:
            GLib.timeout_add(5, self.obey, order)
            return False
        reply = _Reply(order["id"])
        try:
            getattr(self, f"do_{order['do']}")(order, reply)
        except (KeyError, GLib.Error) as error:
            reply.fail(repr(error))
        return False

    def do_scripts(self, order: dict[str, Any], reply: "_Reply") -> None:
        """Have these scripts run first on every page of a tab, which is opened where there is none."""
        if order["tab"] not in self._tabs:
            self._open(order["tab"])
        content = self._tabs[order["tab"]].get_user_content_manager()
        content.remove_all_scripts()
        for script in order["scripts"]:
            where, when = WebKit2.UserContentInjectedFrames.TOP_FRAME, WebKit2.UserScriptInjectionTime.START
            content.add_script(WebKit2.UserScript.new(script, where, when, None, None))
        reply.give(None)

    def _open(self, name: str) -> None:
        view = WebKit2.WebView(
            web_context=self._context, user_content_manager=WebKit2.UserContentManager.new()
        )
        view.connect("script-dialog", _accept)
        window = Gtk.Window()
        window.set_default_size(*PHONE)
        window.add(view)
        window.show_all()
        self._tabs[name], self._windows[name] = view, window

    def do_load(self, order: dict[str, Any], reply: "_Reply") -> None:
        """Go to an address; replies once something of it is there, or nothing can come."""
        view = self._tabs[order["tab"]]
        heard: list[int] = []

        def end(gave: str) -> None:
            while heard:
                view.disconnect(heard.pop())
            reply.give(gave)

        def change(_view: Any, event: Any) -> None:
            if event == WebKit2.LoadEvent.COMMITTED:
                end("committed")

        def fail(*_given: Any) -> bool:
            end("failed")
            return True

        heard.append(view.connect("load-changed", change))
        heard.append(view.connect("load-failed", fail))
        heard.append(view.connect("web-process-terminated", lambda *_: end("gone")))
        view.load_uri(order["address"])

    def do_run(self, order: dict[str, Any], reply: "_Reply") -> None:
        """Run a function in the page and give what it, or its promise, gives; fails once the page is left."""
        view = self._tabs[order["tab"]]
        heard: list[int] = []

        def end(why: str) -> None:
            while heard:
                view.disconnect(heard.pop())
            reply.fail(why)

        def leave(_view: Any, event: Any) -> None:
            if event == WebKit2.LoadEvent.COMMITTED:
                end("the page was left")

        def finish(_view: Any, result: Any) -> None:
            try:
                given = view.call_async_javascript_function_finish(result)
                reply.give(json.loads(given.to_json(0) or "null"))
            except GLib.Error as error:
                end(error.message)
            end("")

        heard.append(view.connect("load-changed", leave))
        heard.append(view.connect("web-process-terminated", lambda *_: end("its process died")))
        body = f"return await ({order['script']})({json.dumps(order['given'])});"
        nothing = None, None, None, None
        view.call_async_javascript_function(body, -1, *nothing, finish)

    def do_kill(self, order: dict[str, Any], reply: "_Reply") -> None:
        """Close a tab; where it is to crash, kill the process of its page first."""
        view = self._tabs.pop(order["tab"])
        if order["crash"]:
            view.terminate_web_process()
        self._windows.pop(order["tab"]).destroy()
        reply.give(None)


class _Reply:
    """The one line that answers an order."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._is_said = False

    def give(self, gave: Any) -> None:
        """Say what came of it."""
        self._say(gave=gave)

    def fail(self, why: str) -> None:
        """Say that it could not be done."""
        self._say(failed=why)

    def _say(self, **words: Any) -> None:
        """Write the line; only the first one counts."""
        if not self._is_said:
            print(json.dumps({"id": self._number, **words}), flush=True)  # noqa: T201 -- a pipe
        self._is_said = True


def _accept(_view: Any, dialog: Any) -> bool:
    """Answer every question of a page, also the one before it is left, with yes."""
    if dialog.get_dialog_type() != WebKit2.ScriptDialogType.ALERT:
        dialog.confirm_set_confirmed(True)
    return True


def _read_orders(obey: Callable[[dict[str, Any]], bool]) -> None:
    for line in sys.stdin:
        GLib.idle_add(obey, json.loads(line))
    os._exit(0)  # nobody leads it any more


def main() -> None:
    """Open the storage and obey."""
    folder, address, cookies = sys.argv[1:]
    browser = Browser(Path(folder), address, json.loads(cookies))
    threading.Thread(target=_read_orders, args=[browser.obey], daemon=True).start()
    Gtk.main()


if __name__ == "__main__":
    main()
