"""Other systems' doors, each spoken to as its own clients speak."""
