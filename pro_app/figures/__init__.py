"""What a statistician LOOKS at: estimates from the tidy tables, and charts of them."""
