"""A worker refuses a Redis that can't serve, and says what to change."""

import pytest

from worker.redis_fit import UnfitRedisError, refuse_unfit


def test_a_redis_that_drops_keys_when_it_is_full_is_refused(redis):
    redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(UnfitRedisError, match="set it to noeviction"):
            refuse_unfit(redis)
    finally:
        redis.config_set("maxmemory-policy", "noeviction")


def test_the_embedded_server_is_fit(redis):
    assert redis.info("memory")["maxmemory_policy"] == "noeviction"
    refuse_unfit(redis)
