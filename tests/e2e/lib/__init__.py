"""Parts that the end-to-end tests are made of: real servers, the real test CA,
its DNS server, a proxy and a relay that misbehave on request, and clients.

Each part is started and ended by itself; none knows pytest (../conftest.py
makes fixtures of them), so that scripts/demo uses the same parts.
"""
