"""What a person looks at: comparisons, tables and pictures."""
