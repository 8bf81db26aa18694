"""What keeps tenants apart: conditions of our queries, and what the policies of the tables are told."""
