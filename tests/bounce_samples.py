"""Reports of mail servers as they come back, written for tests after the shape that each kind of server gives them."""

OURS = "<0123456789abcdef0123456789abcdef@test.example>"

# A relay that speaks RFC 3464 and returns the headers alone.
POSTFIX_LIKE = """\
Return-Path: <>
From: MAILER-DAEMON@relay.example (Mail Delivery System)
To: casework@casework.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <20261123010203.4ABCD1@relay.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=us-ascii

This is the mail system at host relay.example. Your message could not be delivered.

<{address}>: host mx.example[192.0.2.7] said: 550 5.1.1 <{address}>: no mailbox here

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example
X-Queue-ID: 4ABCD1

Final-Recipient: rfc822; {address}
Original-Recipient: rfc822;{address}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example
Diagnostic-Code: smtp; 550 5.1.1 <{address}>:
    no mailbox here

--b1
Content-Type: text/rfc822-headers

From: AEO Casework <casework@casework.example>
To: {address}
Subject: Your application
Message-ID: {message_id}

--b1--
"""

# A server that returns the whole message, tells an internal name of the mailbox, and knows no Original-Recipient.
EXCHANGE_LIKE = """\
From: Microsoft Outlook <postmaster@quillhaven.example>
To: casework@casework.example
Subject: Undeliverable: Your application
Message-ID: <f00dcafe@mail.quillhaven.example>
In-Reply-To: {message_id}
References: {message_id}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="_000_x"

--_000_x
Content-Type: multipart/alternative; boundary="_001_x"

--_001_x
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: base64

WW91ciBtZXNzYWdlIHdhc24ndCBkZWxpdmVyZWQu

--_001_x
Content-Type: text/html; charset="utf-8"

<html><body>Your message wasn't delivered.</body></html>

--_001_x--

--_000_x
Content-Type: message/delivery-status

Reporting-MTA: dns;mail.quillhaven.example
Received-From-MTA: dns;relay.example

Final-recipient: RFC822;{address}
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found

--_000_x
Content-Type: message/rfc822

From: AEO Casework <casework@casework.example>
To: {address}
Subject: Your application
Message-ID: {message_id}
MIME-Version: 1.0
Content-Type: text/plain

The application was received.

--_000_x--
"""

# A relay that goes on trying.
DELAYED = """\
From: MAILER-DAEMON@relay.example
To: casework@casework.example
Subject: Delayed Mail (still being retried)
Message-ID: <late@relay.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b2"

--b2
Content-Type: text/plain

This is a warning only. You do not need to send it again.

--b2
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; {address}
Action: delayed
Status: 4.4.1
Diagnostic-Code: X-relay; connect to mx.example: connection timed out
Will-Retry-Until: Sat, 28 Nov 2026 01:02:03 +0000

--b2
Content-Type: text/rfc822-headers

Message-ID: {message_id}

--b2--
"""

# A server that returns nothing of the message: only the address tells what came back.
WITHOUT_THE_MESSAGE = """\
From: MAILER-DAEMON@old.example
To: casework@casework.example
Subject: failure notice
Message-ID: <plain@old.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b3"

--b3
Content-Type: message/delivery-status

Reporting-MTA: dns; old.example

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.2.1

--b3--
"""

OUT_OF_OFFICE = """\
From: {address}
To: casework@casework.example
Subject: Automatic reply: Your application
Message-ID: <away@quillhaven.example>
In-Reply-To: {message_id}
Auto-Submitted: auto-replied

I am away until Monday.
"""


def sample(text: str, address: str, message_id: str = OURS) -> bytes:
    """Return a report about an address and a message, as bytes of a mailbox."""
    return text.format(address=address, message_id=message_id).encode()
