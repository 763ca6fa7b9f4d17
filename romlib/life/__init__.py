"""Life quantities of histories: ranges per cycle, rainflow counting, damage, hot spots."""
