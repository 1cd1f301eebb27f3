"""Mails as they come back, written in the forms of RFC 3464, RFC 5965 and of some servers of their own."""

from textwrap import dedent

OUR_ID = "0123456789abcdef0123456789abcdef01234567@suivi.example.org"


def postfix_bounce(to: str, *, action: str = "failed", status: str = "5.1.1", said: str = "") -> bytes:
    """Make a report as Postfix makes it, with the headers of our message."""
    return _mail(f"""\
        Return-Path: <>
        Delivered-To: {to}
        Date: Mon,  2 Mar 2026 10:00:05 +0100 (CET)
        From: MAILER-DAEMON@mx.example.fr (Mail Delivery System)
        Subject: Undelivered Mail Returned to Sender
        To: {to}
        Auto-Submitted: auto-replied
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status;
            boundary="4F1A2.1772442005/mx.example.fr"
        Message-Id: <20260302090005.6B2C1@mx.example.fr>

        This is a MIME-encapsulated message.

        --4F1A2.1772442005/mx.example.fr
        Content-Description: Notification
        Content-Type: text/plain; charset=us-ascii

        <a.dupont@example.fr>: host mail.example.fr said: {said}

        --4F1A2.1772442005/mx.example.fr
        Content-Description: Delivery report
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.example.fr
        X-Postfix-Queue-ID: 4F1A2
        Arrival-Date: Mon,  2 Mar 2026 10:00:03 +0100 (CET)

        Final-Recipient: rfc822; a.dupont@example.fr
        Original-Recipient: rfc822;a.dupont@example.fr
        Action: {action}
        Status: {status}
        Remote-MTA: dns; mail.example.fr
        Diagnostic-Code: smtp; 550 {status} {said}

        --4F1A2.1772442005/mx.example.fr
        Content-Description: Undelivered Message Headers
        Content-Type: text/rfc822-headers

        Return-Path: <retours@suivi.example.org>
        Subject: Votre questionnaire est pret
        Message-ID: <{OUR_ID}>

        --4F1A2.1772442005/mx.example.fr--
        """)


def exchange_bounce(to: str) -> bytes:
    """Make a report as Exchange makes it, with our message whole and the fields spelled its way."""
    return _mail(f"""\
        From: <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.fr>
        To: <{to}>
        Subject: Non remis : Votre questionnaire est =?utf-8?B?cHLDqnQ=?=
        Content-Language: fr-FR
        In-Reply-To: <{OUR_ID}>
        References: <{OUR_ID}>
        Auto-Submitted: auto-replied
        X-Auto-Response-Suppress: All
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="_000_exch_"

        --_000_exch_
        Content-Type: text/html; charset="utf-8"
        Content-Transfer-Encoding: base64

        PGh0bWw+PGJvZHk+PC9ib2R5PjwvaHRtbD4=

        --_000_exch_
        Content-Type: message/delivery-status

        Reporting-MTA: dns;PR0P264MB0001.FRAP264.PROD.OUTLOOK.COM
        Received-From-MTA: dns;suivi.example.org
        Arrival-Date: Mon, 2 Mar 2026 09:00:04 +0000

        Final-recipient: RFC822;A.Dupont@example.fr
        Action: Failed
        Status: 5.1.10
        Diagnostic-code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found
        X-Display-name: a.dupont

        --_000_exch_
        Content-Type: message/rfc822

        Message-ID: <{OUR_ID}>
        From: Suivi 34 <ne-pas-repondre@example.org>
        To: <a.dupont@example.fr>
        Subject: =?utf-8?Q?Votre_questionnaire_est_pr=C3=AAt?=

        Bonjour
        --_000_exch_--
        """)


def qmail_bounce(to: str) -> bytes:
    """Make a bounce as qmail does, older than the standard."""
    return _mail(f"""\
        Return-Path: <>
        Delivered-To: {to}
        From: MAILER-DAEMON@example.fr
        To: {to}
        Subject: failure notice

        Hi. This is the qmail-send program at example.fr.
        I'm afraid I wasn't able to deliver your message to the following addresses.
        This is a permanent error; I've given up. Sorry it didn't work out.

        <a.dupont@example.fr>:
        192.0.2.7 does not like recipient.
        Remote host said: 550 unknown user
        Giving up on 192.0.2.7.

        --- Below this line is a copy of the message.

        Return-Path: <{to}>
        Message-ID: <{OUR_ID}>
        Subject: Votre questionnaire
        """)


def complaint(to: str, *, kind: str = "abuse") -> bytes:
    """Make a feedback report (ARF)."""
    return _mail(f"""\
        From: feedback@isp.example.fr
        To: {to}
        Subject: FW: Votre questionnaire
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=feedback-report; boundary="part"

        --part
        Content-Type: text/plain

        This is an email abuse report.

        --part
        Content-Type: message/feedback-report

        Feedback-Type: {kind}
        User-Agent: SomeGenerator/1.0
        Version: 1
        Original-Mail-From: <{to}>

        --part
        Content-Type: message/rfc822

        From: Suivi 34 <ne-pas-repondre@example.org>
        Message-ID: <{OUR_ID}>
        Subject: Votre questionnaire

        Bonjour
        --part--
        """)


def unsubscription(to: str, *, sender: str = "A. Dupont <a.dupont@example.fr>") -> bytes:
    """Make the mail that a mail program sends for its reader who wants no more messages."""
    return _mail(f"""\
        From: {sender}
        To: {to}
        Subject: stop
        Message-ID: <CAExample@mail.example.fr>

        """)


def absence(to: str) -> bytes:
    """Make the answer of somebody who is away."""
    return _mail(f"""\
        From: A. Dupont <a.dupont@example.fr>
        To: {to}
        Subject: Absence : user unknown to me until Monday
        Auto-Submitted: auto-replied
        In-Reply-To: <{OUR_ID}>

        Je suis absent. <a.dupont@example.fr>: unknown user
        """)


def _mail(text: str) -> bytes:
    return dedent(text).replace("\n", "\r\n").encode("utf-8")
