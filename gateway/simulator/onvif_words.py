"""What a simulated ONVIF device says: the XML of its answers, made of facts, without I/O.

Written after the ONVIF Core, Media and PTZ specifications (services of version 1.0, PTZ 2.0) and WS-Discovery (April
2005), which is the version that ONVIF devices speak.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

SOAP_NS = "http://www.w3.org/2003/05/soap-envelope"
NAMESPACES = {
    "s": SOAP_NS,
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tptz": "http://www.onvif.org/ver20/ptz/wsdl",
    "tev": "http://www.onvif.org/ver10/events/wsdl",
    "tt": "http://www.onvif.org/ver10/schema",
    "ter": "http://www.onvif.org/ver10/error",
    "tns1": "http://www.onvif.org/ver10/topics",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "wsa5": "http://www.w3.org/2005/08/addressing",
}
_DISCOVERY_NAMESPACES = {
    "s": SOAP_NS,
    "wsa": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "d": "http://schemas.xmlsoap.org/ws/2005/04/discovery",
    "dn": "http://www.onvif.org/ver10/network/wsdl",
    "tds": NAMESPACES["tds"],
}
_CONCRETE = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"


@dataclass(frozen=True, slots=True)
class ProfileFacts:
    """One media profile; bit rate in kbit/s."""

    token: str
    encoding: str  # as devices write it: H264, H265
    width: int
    height: int
    fps: float
    bitrate_kbps: int
    gop: int  # pictures from keyframe to keyframe


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification of a device: a property's state, and where and what it is about."""

    topic: str  # with prefix, for example tns1:VideoSource/MotionAlarm
    at: datetime
    data: Mapping[str, str]
    source: Mapping[str, str]
    operation: str = "Changed"  # Initialized, Changed, Deleted


def envelope(body: str) -> bytes:
    """Return a SOAP 1.2 answer."""
    return _message_of(NAMESPACES, f"<s:Body>{body}</s:Body>")


def fault(subcode: str, reason: str) -> bytes:
    """Return a fault of the sender's making."""
    return envelope(
        f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en">{escape(reason)}</s:Text></s:Reason></s:Fault>'
    )


def system_date_and_time(now: datetime) -> str:
    """Return the device's clock in UTC."""
    moment = (
        f"<tt:Time><tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute><tt:Second>{now.second}</tt:Second>"
        f"</tt:Time><tt:Date><tt:Year>{now.year}</tt:Year><tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day></tt:Date>"
    )
    return (
        "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType>"
        "<tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>CST-8</tt:TZ></tt:TimeZone>"
        f"<tt:UTCDateTime>{moment}</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
    )


def device_information(facts: Mapping[str, str]) -> str:
    """Return manufacturer, model, firmware, serial number and hardware."""
    fields = "".join(f"<tds:{name}>{escape(value)}</tds:{name}>" for name, value in facts.items())
    return f"<tds:GetDeviceInformationResponse>{fields}</tds:GetDeviceInformationResponse>"


def services(addresses: Mapping[str, str]) -> str:
    """Return the services by prefix and address."""
    entries = "".join(
        f"<tds:Service><tds:Namespace>{NAMESPACES[prefix]}</tds:Namespace><tds:XAddr>{escape(address)}</tds:XAddr>"
        "<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>"
        for prefix, address in addresses.items()
    )
    return f"<tds:GetServicesResponse>{entries}</tds:GetServicesResponse>"


def capabilities(addresses: Mapping[str, str]) -> str:
    """Return the older form of `services`."""
    names = {"tds": "Device", "tev": "Events", "trt": "Media", "tptz": "PTZ"}
    extra = {
        "tev": "<tt:WSSubscriptionPolicySupport>false</tt:WSSubscriptionPolicySupport><tt:WSPullPointSupport>true"
        "</tt:WSPullPointSupport><tt:WSPausableSubscriptionManagerInterfaceSupport>false"
        "</tt:WSPausableSubscriptionManagerInterfaceSupport>",
        "trt": "<tt:StreamingCapabilities><tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP></tt:StreamingCapabilities>",
    }
    entries = "".join(
        f"<tt:{name}><tt:XAddr>{escape(addresses[prefix])}</tt:XAddr>{extra.get(prefix, '')}</tt:{name}>"
        for prefix, name in names.items()
        if prefix in addresses
    )
    return f"<tds:GetCapabilitiesResponse><tds:Capabilities>{entries}</tds:Capabilities></tds:GetCapabilitiesResponse>"


def profiles(facts: Iterable[ProfileFacts], *, ptz: bool) -> str:
    """Return the media profiles."""
    return f"<trt:GetProfilesResponse>{''.join(_profile(each, ptz=ptz) for each in facts)}</trt:GetProfilesResponse>"


def _profile(facts: ProfileFacts, *, ptz: bool) -> str:
    head = f'<trt:Profiles token={quoteattr(facts.token)} fixed="true"><tt:Name>{escape(facts.token)}</tt:Name>'
    source = (
        '<tt:VideoSourceConfiguration token="vsc"><tt:Name>source</tt:Name><tt:UseCount>2</tt:UseCount>'
        "<tt:SourceToken>source</tt:SourceToken>"
        f'<tt:Bounds x="0" y="0" width="{facts.width}" height="{facts.height}"/></tt:VideoSourceConfiguration>'
    )
    movement = (
        '<tt:PTZConfiguration token="ptz"><tt:Name>ptz</tt:Name><tt:UseCount>2</tt:UseCount>'
        "<tt:NodeToken>ptz</tt:NodeToken></tt:PTZConfiguration>"
    )
    return f"{head}{source}{_encoder(facts)}{movement if ptz else ''}</trt:Profiles>"


def _encoder(facts: ProfileFacts) -> str:
    h264 = f"<tt:H264><tt:GovLength>{facts.gop}</tt:GovLength><tt:H264Profile>Main</tt:H264Profile></tt:H264>"
    return (
        f"<tt:VideoEncoderConfiguration token={quoteattr('enc-' + facts.token)}>"
        f"<tt:Name>{escape(facts.token)}</tt:Name>"
        f"<tt:UseCount>1</tt:UseCount><tt:Encoding>{facts.encoding}</tt:Encoding><tt:Resolution>"
        f"<tt:Width>{facts.width}</tt:Width><tt:Height>{facts.height}</tt:Height></tt:Resolution><tt:Quality>4</tt:Quality>"
        f"<tt:RateControl><tt:FrameRateLimit>{round(facts.fps)}</tt:FrameRateLimit><tt:EncodingInterval>1"
        f"</tt:EncodingInterval><tt:BitrateLimit>{facts.bitrate_kbps}</tt:BitrateLimit></tt:RateControl>"
        f"{h264 if facts.encoding == 'H264' else ''}<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type>"
        "<tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address><tt:Port>0</tt:Port><tt:TTL>0</tt:TTL>"
        "<tt:AutoStart>false</tt:AutoStart></tt:Multicast><tt:SessionTimeout>PT60S</tt:SessionTimeout>"
        "</tt:VideoEncoderConfiguration>"
    )


def media_uri(operation: str, uri: str) -> str:
    """Return the answer to GetStreamUri or GetSnapshotUri."""
    return (
        f"<trt:{operation}Response><trt:MediaUri><tt:Uri>{escape(uri)}</tt:Uri><tt:InvalidAfterConnect>false"
        "</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT60S</tt:Timeout>"
        f"</trt:MediaUri></trt:{operation}Response>"
    )


def presets(names: Mapping[str, str]) -> str:
    """Return the presets by token and name."""
    entries = "".join(
        f"<tptz:Preset token={quoteattr(token)}><tt:Name>{escape(name)}</tt:Name></tptz:Preset>"
        for token, name in names.items()
    )
    return f"<tptz:GetPresetsResponse>{entries}</tptz:GetPresetsResponse>"


def subscription(address: str, now: datetime, ends: datetime) -> str:
    """Return where a new subscription is pulled from."""
    return (
        f"<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference><wsa5:Address>{escape(address)}"
        f"</wsa5:Address></tev:SubscriptionReference><wsnt:CurrentTime>{stamp(now)}</wsnt:CurrentTime>"
        f"<wsnt:TerminationTime>{stamp(ends)}</wsnt:TerminationTime></tev:CreatePullPointSubscriptionResponse>"
    )


def renewed(now: datetime, ends: datetime) -> str:
    """Return the answer to Renew."""
    return (
        f"<wsnt:RenewResponse><wsnt:TerminationTime>{stamp(ends)}</wsnt:TerminationTime><wsnt:CurrentTime>{stamp(now)}"
        "</wsnt:CurrentTime></wsnt:RenewResponse>"
    )


def messages(now: datetime, ends: datetime, notices: Iterable[Notice]) -> str:
    """Return the answer to PullMessages."""
    return (
        f"<tev:PullMessagesResponse><tev:CurrentTime>{stamp(now)}</tev:CurrentTime><tev:TerminationTime>{stamp(ends)}"
        f"</tev:TerminationTime>{''.join(_message(each) for each in notices)}</tev:PullMessagesResponse>"
    )


def _message(notice: Notice) -> str:
    return (
        f'<wsnt:NotificationMessage><wsnt:Topic Dialect="{_CONCRETE}">{escape(notice.topic)}</wsnt:Topic><wsnt:Message>'
        f'<tt:Message UtcTime="{stamp(notice.at)}" PropertyOperation="{notice.operation}">'
        f"<tt:Source>{_items(notice.source)}</tt:Source><tt:Data>{_items(notice.data)}</tt:Data></tt:Message>"
        "</wsnt:Message></wsnt:NotificationMessage>"
    )


def _items(items: Mapping[str, str]) -> str:
    return "".join(f"<tt:SimpleItem Name={quoteattr(name)} Value={quoteattr(value)}/>" for name, value in items.items())


def probe_match(message_id: str, relates_to: str, endpoint: str, scopes: Iterable[str], address: str) -> bytes:
    """Return the answer to a WS-Discovery probe."""
    body = (
        f"<s:Header><wsa:MessageID>{escape(message_id)}</wsa:MessageID><wsa:RelatesTo>{escape(relates_to)}</wsa:RelatesTo>"
        "<wsa:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:To>"
        "<wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</wsa:Action></s:Header>"
        f"<s:Body><d:ProbeMatches><d:ProbeMatch><wsa:EndpointReference><wsa:Address>{escape(endpoint)}</wsa:Address>"
        f"</wsa:EndpointReference><d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types><d:Scopes>"
        f"{escape(' '.join(scopes))}</d:Scopes><d:XAddrs>{escape(address)}</d:XAddrs><d:MetadataVersion>1"
        "</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches></s:Body>"
    )
    return _message_of(_DISCOVERY_NAMESPACES, body)


def stamp(at: datetime) -> str:
    """Return a moment as devices write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _message_of(namespaces: Mapping[str, str], content: str) -> bytes:
    declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in namespaces.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope{declared}>{content}</s:Envelope>'.encode()
