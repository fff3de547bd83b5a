"""The Segment tracking API: calls of the published SDKs, answered once they are durable."""
