"""Send by a Python SDK as its makers say: `python python_sdk.py MODULE URL WRITE_KEY TRACKS`."""

import importlib
import sys

module, url, write_key, tracks = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
analytics = importlib.import_module(module)
analytics.write_key = write_key
if module.startswith("rudderstack"):
    analytics.dataPlaneUrl = url
else:
    analytics.host = url
failed = []
analytics.on_error = lambda error, items: failed.append(error)

traits = {"email": "a@shop.example", "plan": "gold"}
analytics.identify("user-1", traits)
analytics.page("user-1", "Shop", "Home", {"url": "https://shop.example/"})
analytics.screen("user-1", "Shop", "Cart", {"width": 390})
analytics.group("user-1", "company-1", {"name": "Acme"})
analytics.alias("anonymous-1", "user-1")
for number in range(tracks):
    analytics.track("user-1", "Order Completed", {"order_id": f"o{number}", "revenue": 12.5, "coupon": None})
analytics.flush()
analytics.shutdown()
assert not failed, failed
