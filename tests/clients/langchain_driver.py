"""Drives LangChain's client of OpenAI: one JSON line a call on standard input, one with its outcome on standard output."""


from langchain_openai import ChatOpenAI
from driver import serve


def runnable(params: dict, url: str, key: str):
    model = ChatOpenAI(base_url=url, api_key=key, max_retries=0, timeout=20, stream_usage=True, **params["model"])
    return model.bind_tools(params["tools"]) if "tools" in params else model


def chat(params: dict, url: str, key: str, _: list) -> dict:
    return shown(runnable(params, url, key).invoke(params["messages"]))


def stream(params: dict, url: str, key: str, events: list) -> dict:
    whole = None
    for chunk in runnable(params, url, key).stream(params["messages"]):
        events.append(chunk.text)
        whole = chunk if whole is None else whole + chunk
    return shown(whole)


def structured(params: dict, url: str, key: str, _: list) -> dict:
    told = runnable(params, url, key).with_structured_output(params["schema"], include_raw=True, strict=True)
    answer = told.invoke(params["messages"])
    return {**shown(answer["raw"]), "parsed": answer["parsed"]}


def shown(message) -> dict:
    return {
        "text": message.text,
        "tool_calls": message.tool_calls,
        "finish_reason": message.response_metadata["finish_reason"],
        "usage": message.usage_metadata,
    }


CALLS = {"chat": chat, "stream": stream, "structured": structured}


def made(call: str, url: str, key: str, params: dict, events: list) -> dict:
    return CALLS[call](params, url, key, events)


serve(made)
