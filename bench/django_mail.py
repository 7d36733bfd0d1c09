"""Sends what it is told on standard input with Django's send_mail over one connection. Runs in Django's environment."""

import json
import sys
from typing import Any


def main() -> None:
    from django.conf import settings  # type: ignore[import-not-found]  # noqa: PLC0415  # not among our dependencies

    settings.configure(USE_I18N=False, USE_TZ=True)
    from django.core.mail import get_connection, send_mail  # type: ignore[import-not-found]  # noqa: PLC0415

    told: dict[str, Any] = {}
    for line in sys.stdin:
        given = json.loads(line)
        if given == "send":
            smtp = "django.core.mail.backends.smtp.EmailBackend"
            with get_connection(smtp, host="127.0.0.1", port=told["port"]) as connection:
                for one in told["letters"]:
                    send_mail(
                        one["subject"],
                        one["text"],
                        told["sender"],
                        [one["recipient"]],
                        connection=connection,
                        html_message=one["html"],
                    )
        else:
            told = given
        print("done", flush=True)


if __name__ == "__main__":
    main()
