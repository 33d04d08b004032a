"""What a scripted upstream of chats does with a request."""

from support.upstream import Reply, delta

STOP = delta("", finish_reason="stop")
# What 7 tokens of a prompt and 3 of an answer are told as.
SPENT = b'data: {"id":"c","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}\n\n'


def streams(*pieces: bytes, cut: bool = False, stalls: bool = False):
    """Sends these pieces of a stream; breaks off after them, or says nothing more."""

    def act(reply: Reply):
        reply.start_events()
        for piece in pieces:
            reply.chunk(piece)
        if stalls:
            reply.gone(10)
        if cut or stalls:
            reply.cut()
        else:
            reply.end()

    return act
