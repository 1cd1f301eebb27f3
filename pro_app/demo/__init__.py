"""A living trial to try: virtual people whose years pass through the real services on a simulated clock."""
