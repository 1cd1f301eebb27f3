"""A whole trial on a simulated clock: virtual people and sites, the real services, the real worker, proof."""
