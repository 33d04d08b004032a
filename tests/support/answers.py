"""Answers of each dialect, plain and streamed, made of texts, written in any legal way, and read again as a client does."""

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field

# A text of an answer: its choice, block or item, and what it is there.
Lane = tuple[int, str]


@dataclass
class Heard:
    """What a client understood."""

    texts: dict[Lane, str] = field(default_factory=lambda: defaultdict(str))
    # What events say of whole texts, beside the parts.
    repeated: list[tuple[Lane, str]] = field(default_factory=list)
    # Tokens of log probabilities.
    tokens: str = ""
    usage: dict | None = None
    ended: bool = False


def chunk(choices: list, kind: str = "chat.completion.chunk", **more) -> dict:
    return {"id": "c", "object": kind, "created": 1, "model": "m", "choices": choices, **more}


class Chat:
    """Two choices, the first with a thought, the second with two calls."""

    path, lanes = "/v1/chat/completions", ((0, "reasoning"), (0, "text"), (1, "text"), (1, "arguments 0"), (1, "arguments 1"))
    usage = {"prompt_tokens": 7, "completion_tokens": 99, "total_tokens": 106}
    asked = {"messages": [{"role": "user", "content": "KEY"}], "stream_options": {"include_usage": True}}

    def call(self, lane: Lane, arguments: str) -> dict:
        place = int(lane[1].split()[1])
        return {"index": place, "id": f"call_{place}", "type": "function", "function": {"name": "tell", "arguments": arguments}}

    def begin(self) -> list[dict]:
        heads = [chunk([{"index": index, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]) for index in (0, 1)]
        calls = [chunk([self.choice(1, {"tool_calls": [self.call(lane, "")]})]) for lane in self.lanes[3:]]
        return heads + calls

    def choice(self, index: int, delta: dict, finish: str | None = None) -> dict:
        return {"index": index, "delta": delta, "finish_reason": finish}

    def part(self, lane: Lane, part: str, pick: random.Random) -> dict:
        index, what = lane
        if what.startswith("arguments"):
            call = {"index": int(what.split()[1]), "function": {"arguments": part}}
            return chunk([self.choice(index, {"tool_calls": [call]})])
        choice = self.choice(index, {"reasoning_content" if what == "reasoning" else "content": part})
        if what == "text" and pick.random() < 0.3:
            choice["logprobs"] = {"content": [{"token": part, "logprob": -0.5, "bytes": list(part.encode()), "top_logprobs": []}]}
        return chunk([choice])

    def end(self, texts: dict[Lane, str]) -> list[dict | str]:
        ends = [chunk([self.choice(index, {}, finish)]) for index, finish in ((0, "stop"), (1, "tool_calls"))]
        return [*ends, chunk([], usage=self.usage), "[DONE]"]

    def plain(self, texts: dict[Lane, str]) -> dict:
        calls = [self.call(lane, texts[lane]) for lane in self.lanes[3:]]
        messages = [{"role": "assistant", "content": texts[0, "text"], "reasoning_content": texts[0, "reasoning"]}, {"role": "assistant", "content": texts[1, "text"], "tool_calls": calls}]
        choices = [{"index": index, "message": message, "finish_reason": "stop"} for index, message in enumerate(messages)]
        return chunk(choices, "chat.completion", usage=self.usage)

    def hear(self, heard: Heard, event: dict | str):
        if event == "[DONE]":
            heard.ended = True
            return
        heard.usage = event.get("usage") or heard.usage
        for choice in event["choices"]:
            said, index = choice.get("delta") or choice.get("message") or {}, choice["index"]
            for name, what in (("content", "text"), ("reasoning_content", "reasoning")):
                heard.texts[index, what] += said.get(name) or ""
            for place, call in enumerate(said.get("tool_calls") or []):
                heard.texts[index, f"arguments {call.get('index', place)}"] += call["function"].get("arguments") or ""
            heard.tokens += "".join(token["token"] for token in (choice.get("logprobs") or {}).get("content") or [])


class Completions:
    """Two choices."""

    path, lanes = "/v1/completions", ((0, "text"), (1, "text"))
    usage = Chat.usage
    asked = {"prompt": "KEY", "stream_options": {"include_usage": True}}

    def begin(self) -> list[dict]:
        return []

    def part(self, lane: Lane, part: str, pick: random.Random) -> dict:
        return chunk([{"index": lane[0], "text": part, "finish_reason": None, "logprobs": None}], "text_completion")

    def end(self, texts: dict[Lane, str]) -> list[dict | str]:
        ends = [chunk([{"index": index, "text": "", "finish_reason": "stop"}], "text_completion") for index in (0, 1)]
        return [*ends, chunk([], "text_completion", usage=self.usage), "[DONE]"]

    def plain(self, texts: dict[Lane, str]) -> dict:
        choices = [{"index": lane[0], "text": text, "finish_reason": "stop", "logprobs": None} for lane, text in texts.items()]
        return chunk(choices, "text_completion", usage=self.usage)

    def hear(self, heard: Heard, event: dict | str):
        if event == "[DONE]":
            heard.ended = True
            return
        heard.usage = event.get("usage") or heard.usage
        for choice in event["choices"]:
            heard.texts[choice["index"], "text"] += choice["text"]


class Responses:
    """A thought, a message of two parts, and a call; each is said again when it ends, and all of it at the end."""

    path, lanes = "/v1/responses", ((0, "reasoning"), (1, "text 0"), (1, "text 1"), (2, "arguments"))
    usage = {"input_tokens": 7, "output_tokens": 99, "total_tokens": 106}
    asked = {"input": "KEY"}

    def begin(self) -> list[dict]:
        empty = dict.fromkeys(self.lanes, "")
        parts = [self.part_event("added", lane, "") for lane in self.lanes[:3]]
        items = [{"type": "response.output_item.added", "output_index": index, "item": item} for index, item in enumerate(self.items(empty, bare=True))]
        start = [{"type": f"response.{name}", "response": self.response("in_progress", [])} for name in ("created", "in_progress")]
        return [*start, *items, *parts]

    def place(self, lane: Lane) -> dict:
        index, what = lane
        within = {"reasoning": {"summary_index": 0}, "arguments": {}}.get(what, {"content_index": int(what[-1]) if what[-1].isdigit() else 0})
        return {"item_id": f"i{index}", "output_index": index, **within}

    def part_event(self, stage: str, lane: Lane, text: str) -> dict:
        is_thought = lane[1] == "reasoning"
        part = {"type": "summary_text", "text": text} if is_thought else {"type": "output_text", "text": text, "annotations": []}
        return {"type": f"response.{'reasoning_summary' if is_thought else 'content'}_part.{stage}", **self.place(lane), "part": part}

    def prefix(self, lane: Lane) -> str:
        return {"reasoning": "reasoning_summary_text", "arguments": "function_call_arguments"}.get(lane[1], "output_text")

    def part(self, lane: Lane, part: str, pick: random.Random) -> dict:
        logprobs = {}
        if lane[1].startswith("text"):
            logprobs = {"logprobs": [{"token": part, "logprob": -0.5, "bytes": list(part.encode()), "top_logprobs": []}] if pick.random() < 0.3 else []}
        return {"type": f"response.{self.prefix(lane)}.delta", **self.place(lane), "delta": part, **logprobs}

    def end(self, texts: dict[Lane, str]) -> list[dict]:
        events, items = [], self.items(texts)
        for lane in self.lanes:
            done = "arguments" if lane[1] == "arguments" else "text"
            events.append({"type": f"response.{self.prefix(lane)}.done", **self.place(lane), done: texts[lane]})
            if lane[1] != "arguments":
                events.append(self.part_event("done", lane, texts[lane]))
        events += [{"type": "response.output_item.done", "output_index": index, "item": item} for index, item in enumerate(items)]
        return [*events, {"type": "response.completed", "response": self.response("completed", items)}]

    def items(self, texts: dict[Lane, str], bare: bool = False) -> list[dict]:
        summary = [{"type": "summary_text", "text": texts[0, "reasoning"]}]
        parts = [{"type": "output_text", "text": texts[1, f"text {place}"], "annotations": []} for place in (0, 1)]
        status = {"status": "in_progress" if bare else "completed"}
        return [
            {"id": "i0", "type": "reasoning", "summary": [] if bare else summary},
            {"id": "i1", "type": "message", "role": "assistant", "content": [] if bare else parts, **status},
            {"id": "i2", "type": "function_call", "call_id": "call_0", "name": "tell", "arguments": texts[2, "arguments"], **status},
        ]

    def response(self, status: str, items: list[dict]) -> dict:
        done = {"usage": self.usage} if status == "completed" else {"usage": None}
        return {"id": "r", "object": "response", "created_at": 1, "model": "m", "status": status, "output": items, **done}

    def plain(self, texts: dict[Lane, str]) -> dict:
        return self.response("completed", self.items(texts))

    def said(self, response: dict) -> list[tuple[Lane, str]]:
        return [text for index, item in enumerate(response["output"]) for text in self.said_in(index, item)]

    def said_in(self, index: int, item: dict) -> list[tuple[Lane, str]]:
        if item["type"] == "function_call":
            return [((index, "arguments"), item["arguments"])]
        if item["type"] == "reasoning":
            return [((index, "reasoning"), part["text"]) for part in item["summary"]]
        return [((index, f"text {place}"), part["text"]) for place, part in enumerate(item["content"])]

    def hear(self, heard: Heard, event: dict | str):
        kind = event.get("type", "")
        if "type" not in event:
            heard.texts.update(self.said(event))
            heard.usage = event["usage"]
            return
        if kind.endswith(".delta"):
            lane = self.lane_of(event)
            heard.texts[lane] += event["delta"]
            heard.tokens += "".join(token["token"] for token in event.get("logprobs") or [])
        elif kind.endswith("_part.done"):
            heard.repeated.append((self.lane_of(event), event["part"]["text"]))
        elif kind == "response.output_item.done":
            heard.repeated += self.said_in(event["output_index"], event["item"])
        elif kind == "response.completed":
            heard.repeated += self.said(event["response"])
            heard.usage, heard.ended = event["response"]["usage"], True
        elif kind.endswith(".done"):
            heard.repeated.append((self.lane_of(event), event["arguments"] if "arguments" in event else event["text"]))

    def lane_of(self, event: dict) -> Lane:
        index = event["output_index"]
        return index, {0: "reasoning", 1: f"text {event.get('content_index')}", 2: "arguments"}[index]


class Messages:
    """A thought, two texts and a call, all open at once."""

    path, lanes = "/v1/messages", ((0, "reasoning"), (1, "text"), (2, "text"), (3, "arguments"))
    usage = {"input_tokens": 7, "output_tokens": 99}
    asked = {"max_tokens": 100, "messages": [{"role": "user", "content": "KEY"}]}
    deltas = {"reasoning": ("thinking_delta", "thinking"), "text": ("text_delta", "text"), "arguments": ("input_json_delta", "partial_json")}

    def message(self, content: list, usage: dict, **more) -> dict:
        return {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": content, "stop_reason": None, "stop_sequence": None, "usage": usage, **more}

    def blocks(self, texts: dict[Lane, str]) -> list[dict]:
        call = json.loads(texts[3, "arguments"] or "{}")
        return [
            {"type": "thinking", "thinking": texts[0, "reasoning"], "signature": ""},
            *({"type": "text", "text": texts[index, "text"]} for index in (1, 2)),
            {"type": "tool_use", "id": "call_0", "name": "tell", "input": call},
        ]

    def begin(self) -> list[dict]:
        blocks = self.blocks(dict.fromkeys(self.lanes, ""))
        starts = [{"type": "content_block_start", "index": index, "content_block": block} for index, block in enumerate(blocks)]
        return [{"type": "message_start", "message": self.message([], {"input_tokens": 7, "output_tokens": 1})}, *starts, {"type": "ping"}]

    def part(self, lane: Lane, part: str, pick: random.Random) -> dict:
        kind, name = self.deltas[lane[1]]
        return {"type": "content_block_delta", "index": lane[0], "delta": {"type": kind, name: part}}

    def end(self, texts: dict[Lane, str]) -> list[dict]:
        signature = {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "abcd"}}
        stops = [{"type": "content_block_stop", "index": lane[0]} for lane in self.lanes]
        delta = {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 99}}
        return [signature, *stops, delta, {"type": "message_stop"}]

    def plain(self, texts: dict[Lane, str]) -> dict:
        return self.message(self.blocks(texts), self.usage, stop_reason="end_turn")

    def hear(self, heard: Heard, event: dict | str):
        kind = event["type"]
        if kind == "message":
            heard.usage = event["usage"]
            for index, block in enumerate(event["content"]):
                what = {"thinking": "reasoning", "tool_use": "arguments"}.get(block["type"], "text")
                said = {"reasoning": block.get("thinking"), "text": block.get("text")}.get(what)
                heard.texts[index, what] = json.dumps(block["input"]) if what == "arguments" else said
        elif kind == "message_start":
            heard.usage = {"input_tokens": event["message"]["usage"]["input_tokens"]}
        elif kind == "content_block_delta":
            what = {of: (lane, name) for lane, (of, name) in self.deltas.items()}.get(event["delta"]["type"])
            if what:
                heard.texts[event["index"], what[0]] += event["delta"][what[1]]
        elif kind == "message_delta":
            heard.usage = {**(heard.usage or {}), **event["usage"]}
        elif kind == "message_stop":
            heard.ended = True


DIALECTS = {"chat": Chat(), "completions": Completions(), "responses": Responses(), "messages": Messages()}


# -- writing --------------------------------------------------------------------------------------------------------------


def written(value, pick: random.Random) -> str:
    """JSON in which any sign of a text may be an escape."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {written(of, pick)}" for key, of in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(of, pick) for of in value) + "]"
    if isinstance(value, str):
        rate = pick.choice([0.0, 0.0, 0.3, 1.0])
        return '"' + "".join(sign(character, pick.random() < rate) for character in value) + '"'
    return json.dumps(value)


def sign(character: str, as_escape: bool) -> str:
    if not as_escape:
        return json.dumps(character, ensure_ascii=False)[1:-1]
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02X}" for at in range(0, len(units), 2))


def parts(text: str, pick: random.Random) -> list[str]:
    """A text in parts, some of them empty."""
    out, size = [], pick.choice([2, 4, 9, 40])
    while text:
        at = pick.randrange(0, size + 1)
        out.append(text[:at])
        text = text[at:]
    return out or [""]


def events(dialect, texts: dict[Lane, str], pick: random.Random) -> list[dict | str]:
    """The events of a stream that says these texts, parts of several between each other."""
    queues = {lane: parts(text, pick) for lane, text in texts.items()}
    said = []
    while queues:
        lane = pick.choice(list(queues))
        for _ in range(pick.choice([1, 1, 2, 5])):
            if queues.get(lane):
                said.append(dialect.part(lane, queues[lane].pop(0), pick))
        if not queues[lane]:
            del queues[lane]
    return [*dialect.begin(), *said, *dialect.end(texts)]


def stream(dialect, texts: dict[Lane, str], pick: random.Random) -> bytes:
    """The same as server-sent events, in any of their spellings."""
    end, out = pick.choice(["\n", "\n", "\r\n"]), []
    for number, event in enumerate(events(dialect, texts, pick)):
        if isinstance(event, dict) and event.get("type", "").startswith("response."):
            event = {**event, "sequence_number": number}
        named = isinstance(event, dict) and "type" in event
        out.append(f"event: {event['type']}{end}" if named else "")
        out.append(f"data:{pick.choice([' ', ' ', ''])}{event if isinstance(event, str) else written(event, pick)}{end}{end}")
        out.append(f": ping{end}{end}" if pick.random() < 0.02 else "")
    return "".join(out).encode()


def pieces(data: bytes, pick: random.Random) -> list[bytes]:
    """Bytes cut anywhere: between events, within one, within a character or an escape."""
    most, out = pick.choice([len(data) // 300 + 1, 400, 3000, 20000]), []
    while data:
        at = pick.randrange(1, most + 1)
        out.append(data[:at])
        data = data[at:]
    return out


# -- reading --------------------------------------------------------------------------------------------------------------


def read(text: str) -> list[dict | str]:
    lines = [line.removeprefix("data:").removeprefix(" ") for line in text.replace("\r\n", "\n").split("\n") if line.startswith("data:")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def heard(dialect, values: list[dict | str]) -> Heard:
    told = Heard()
    for value in values:
        dialect.hear(told, value)
    return told
