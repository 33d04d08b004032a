"""Scripted upstreams of every vendor, as strict as the vendors are."""

from support.vendors.chat import Azure, Mistral, OpenAi
from support.vendors.converse import Bedrock
from support.vendors.gemini import Gemini, Vertex
from support.vendors.messages import Anthropic, BedrockAnthropic, VertexAnthropic
from support.vendors.vendor import Asked, Vendor

ALL = (OpenAi, Azure, Mistral, Anthropic, Bedrock, BedrockAnthropic, Gemini, Vertex, VertexAnthropic)
PROVIDERS = {vendor.provider: vendor for vendor in ALL}

__all__ = ["ALL", "PROVIDERS", "Asked", "Vendor"]
