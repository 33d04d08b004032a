"""Conversations in words of no API: what each SDK is asked to say, and what every pair of APIs must agree on."""

from oracles.neutral import (
    Audio,
    Call,
    Conversation,
    Document,
    Image,
    Result,
    Schema,
    Text,
    Thought,
    Tool,
    Turn,
)
from oracles.samples import JPEG, MP3, PDF, PNG, WAV


def user(*parts) -> Turn:
    return Turn("user", tuple(Text(part) if isinstance(part, str) else part for part in parts))


def assistant(*parts) -> Turn:
    return Turn("assistant", tuple(Text(part) if isinstance(part, str) else part for part in parts))


def schema(properties: dict, *required: str, **more) -> dict:
    """An object whose other properties are not allowed, as strict schemas have to be."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False, **more}


QUESTION = "When is high tide in Brest?"
HELLO = user(QUESTION)
STRING = {"type": "string"}
HARBOUR = {"type": "string", "description": "Name of the harbour"}

TIDES = Tool("tide_table", "Tells the tides of a harbour", schema({"harbour": HARBOUR}, "harbour"))
WEATHER = Tool("weather", "Tells the weather of a harbour", schema({"harbour": HARBOUR}, "harbour"))
CLOCK = Tool("clock", "Tells the time", schema({}))
BERTH = schema({"pier": STRING, "number": {"type": "integer"}}, "pier")
ROUTE = Tool(
    "route",
    "Plans a route",
    schema(
        {
            "from": schema({"harbour": STRING, "berth": BERTH}, "harbour"),
            "to": schema({"harbour": STRING}, "harbour"),
        },
        "from",
        "to",
    ),
)
UNITS = Tool("convert", "Converts a height", schema({"unit": {"type": "string", "enum": ["metre", "foot"]}}, "unit"))
SEVERAL = Tool(
    "harbours",
    "Tells of several harbours",
    schema({"names": {"type": "array", "items": STRING, "minItems": 1, "maxItems": 9}}, "names"),
)
DAYS = {"type": "integer", "minimum": 1, "maximum": 7}
OPTIONAL = Tool(
    "tides_of",
    "Tells the tides of some days",
    schema({"harbour": STRING, "days": DAYS, "exact": {"type": "boolean"}}, "harbour"),
)
NULLABLE = Tool("note", "Keeps a note", schema({"text": STRING, "tag": {"anyOf": [STRING, {"type": "null"}]}}, "text", "tag"))
REFERRED = Tool(
    "chart",
    "Draws a chart",
    schema(
        {"from": {"$ref": "#/$defs/point"}, "to": {"$ref": "#/$defs/point"}},
        "from",
        "to",
        **{"$defs": {"point": schema({"lat": {"type": "number"}, "lon": {"type": "number"}}, "lat", "lon")}},
    ),
)
STRICT = Tool("tide_table", "Tells the tides of a harbour", schema({"harbour": HARBOUR}, "harbour"), strict=True)

BREST = Call("call_1", "tide_table", {"harbour": "Brest"})
OSTEND = Call("call_2", "tide_table", {"harbour": "Ostend"})
SUN = Call("call_3", "weather", {"harbour": "Brest"})
NOW = Call("call_4", "clock", {})
# With each of the letters that only one kind of base64 has.
SIGNATURE = "++//c2lnbmF0dXJlIG9mIGEgdGhvdWdodA=="

PLACE = Schema("place", schema({"city": STRING, "metres": {"type": "number"}}, "city", "metres"))
KIND = {"type": "string", "enum": ["port", "bay"]}
LISTED = {"type": "array", "items": schema({"city": STRING, "kind": KIND}, "city", "kind")}
PLACES = Schema("places", schema({"places": LISTED}, "places"))


def called(*parts, results: tuple, **more) -> dict:
    """What the model said with calls in it, and what tools answered."""
    return {"turns": (HELLO, assistant(*parts), Turn("user", results)), "tools": (TIDES,), **more}


def after(begun: dict, *turns: Turn) -> dict:
    """The same, and how it goes on."""
    return begun | {"turns": (*begun["turns"], *turns)}


def texts() -> list[Conversation]:
    return [
        Conversation("hello", (HELLO,)),
        Conversation("system", (HELLO,), system=(Text("You are terse."),)),
        Conversation("several systems", (HELLO,), system=(Text("You are terse."), Text("You know tides."))),
        Conversation("many turns", (user("Hi"), assistant("Hello!"), user("And Brest?"), assistant("At six."), user("Sure?"))),
        Conversation("one letter", (user("?"),)),
        Conversation("several texts in a turn", (user("First this.", "Then that."),)),
        Conversation("letters of many scripts", (user("Ça flotte — 潮汐 прилив מָיִם مد und Ebbe"),)),
        Conversation("pictures among letters", (user("🌊🏴‍☠️👩🏽‍🚀 e\u0301"),)),
        Conversation("letters that want escapes", (user('"quoted" \\ back\nline\ttab </script> \u2028 {"json": [1]} ${x}'),)),
        Conversation("a very long text", (user("The tide comes and the tide goes. " * 250),)),
        Conversation("no limit", (HELLO,), max_tokens=None),
        Conversation("stream", (HELLO,), stream=True),
    ]


def media() -> list[Conversation]:
    png, jpeg = Image("image/png", PNG), Image("image/jpeg", JPEG)
    elsewhere = Image("image/jpeg", url="https://pictures.test/tide.jpg")
    return [
        Conversation("a picture", (user("What is it?", png),)),
        Conversation("a photograph", (user("What is it?", jpeg),)),
        Conversation("a picture by its address", (user("What is it?", elsewhere),)),
        Conversation("two pictures", (user("Before:", png, "After:", jpeg),)),
        Conversation("a picture earlier", (user(png, "What is it?"), assistant("A dot."), user("Of what colour?"))),
        Conversation("a document", (user("Sum it up.", Document("tides.pdf", "application/pdf", PDF)),)),
        Conversation("sound", (user("What is heard?", Audio("wav", WAV)),)),
        Conversation("sound in MP3", (user("What is heard?", Audio("mp3", MP3)),)),
    ]


def tools() -> list[Conversation]:
    kinds = {
        "a tool": TIDES,
        "a tool without arguments": CLOCK,
        "a tool with nested arguments": ROUTE,
        "a tool with a choice of words": UNITS,
        "a tool with a list": SEVERAL,
        "a tool with optional arguments": OPTIONAL,
        "a tool with an argument that may be null": NULLABLE,
        "a tool with definitions": REFERRED,
        "a strict tool": STRICT,
    }
    choices = {"may": "auto", "may not": "none", "must": "required"}
    return [
        *(Conversation(name, (HELLO,), tools=(tool,)) for name, tool in kinds.items()),
        Conversation("several tools", (HELLO,), tools=(TIDES, WEATHER, CLOCK)),
        *(
            Conversation(f"a tool that {word} be called", (HELLO,), tools=(TIDES, WEATHER), choice=choice)
            for word, choice in choices.items()
        ),
        Conversation("a tool by its name", (HELLO,), tools=(TIDES, WEATHER), choice=WEATHER),
        Conversation("one call at a time", (HELLO,), tools=(TIDES, WEATHER), choice="auto", parallel=False),
        Conversation("one call and no more", (HELLO,), tools=(TIDES, WEATHER), choice="required", parallel=False),
        Conversation("a stream with tools", (HELLO,), tools=(TIDES,), stream=True),
    ]


def calls() -> list[Conversation]:
    tide, later = Result(BREST, (Text("06:12"),)), Result(OSTEND, (Text("05:40"),))
    rain = Result(SUN, (Text("rain"),))
    noon = Result(NOW, (Text("12:00"),))
    both = {"tools": (TIDES, WEATHER)}
    once = called(BREST, results=(tide,))
    said = Result(BREST, said={"high": ["06:12", "18:40"], "metres": 4.5})
    pictured = Result(BREST, (Text("The chart:"), Image("image/png", PNG)))
    failed = Result(BREST, (Text("no such harbour"),), failed=True)
    return [
        Conversation("a call and its result", **once),
        Conversation("calls and results side by side", **called(BREST, SUN, results=(tide, rain)) | both),
        Conversation("two calls of the same tool", **called(BREST, OSTEND, results=(tide, later))),
        Conversation("calls one after the other", **after(once, assistant(OSTEND), Turn("user", (later,)))),
        Conversation("a text beside a call", **called("I look.", BREST, results=(tide,))),
        Conversation("a call without arguments", **called(NOW, results=(noon,)) | {"tools": (CLOCK,)}),
        Conversation("a result that is JSON", **called(BREST, results=(said,))),
        Conversation("a result without a word", **called(BREST, results=(Result(BREST, (Text(""),)),))),
        Conversation("a result that failed", **called(BREST, results=(failed,))),
        Conversation("a result with a picture", **called(BREST, results=(pictured,))),
        Conversation("a word after results", **called(BREST, results=(tide, Text("Be brief.")))),
        Conversation("on after the answer", **after(once, assistant("At 06:12."), user("Thanks!"))),
    ]


def formats() -> list[Conversation]:
    return [
        Conversation("an answer after a schema", (HELLO,), format=PLACE),
        Conversation("an answer after a nested schema", (HELLO,), format=PLACES),
        Conversation("an answer in JSON", (user("Answer in JSON: " + QUESTION),), format="json"),
        Conversation("an answer after a schema beside tools", (HELLO,), format=PLACE, tools=(TIDES,)),
    ]


def settings() -> list[Conversation]:
    values = {
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
        "seed": 7,
        "presence_penalty": 0.5,
        "frequency_penalty": 0.25,
        "choices": 2,
        "user": "user-17",
        "metadata": {"team": "tides"},
        "tier": "priority",
    }
    several = {"temperature": 0.5, "stop": ("END",), "max_tokens": 77}
    return [
        *(Conversation(name, (HELLO,), **{name: value}) for name, value in values.items()),
        Conversation("a temperature of nought", (HELLO,), temperature=0.0),
        Conversation("the usual tier", (HELLO,), tier="default"),
        Conversation("a stop sequence", (HELLO,), stop=("END",)),
        Conversation("several stop sequences", (HELLO,), stop=("END", "\n\nHuman:")),
        Conversation("a higher limit", (HELLO,), max_tokens=8000),
        Conversation("log probabilities", (HELLO,), log_probabilities=3),
        Conversation("several settings", (HELLO,), system=(Text("You are terse."),), **several),
    ]


def thoughts() -> list[Conversation]:
    thought = Thought("Two highs, two lows.", SIGNATURE)
    signed = Call(BREST.id, BREST.name, BREST.arguments, SIGNATURE)
    efforts = ("low", "medium", "high")
    thinks = {"budget": 4096, "shown": True, "max_tokens": 30_000}
    tide = Result(BREST, (Text("06:12"),))
    return [
        *(Conversation(f"{effort} effort", (HELLO,), effort=effort, max_tokens=30_000) for effort in efforts),
        Conversation("a budget for thoughts", (HELLO,), budget=4096, max_tokens=30_000),
        Conversation("effort and thoughts told", (HELLO,), effort="high", shown=True, max_tokens=30_000),
        Conversation("a budget and thoughts told", (HELLO,), budget=4096, shown=True, max_tokens=30_000),
        Conversation("an earlier thought", (HELLO, assistant(thought, "At six."), user("Sure?")), **thinks),
        Conversation("a thought before a call", **called(thought, BREST, results=(tide,)), **thinks),
        Conversation("a call that is signed", **called(signed, results=(Result(signed, (Text("06:12"),)),)), **thinks),
    ]


def caches() -> list[Conversation]:
    kept = Tool(TIDES.name, TIDES.description, TIDES.parameters, cached=True)
    return [
        Conversation("a system to cache", (HELLO,), system=(Text("You are terse.", cached=True),)),
        Conversation("a tool to cache", (HELLO,), tools=(WEATHER, kept)),
        Conversation("a message to cache", (user(Text("Long ago.", cached=True), QUESTION),)),
    ]


CONVERSATIONS = [*texts(), *media(), *tools(), *calls(), *formats(), *settings(), *thoughts(), *caches()]
