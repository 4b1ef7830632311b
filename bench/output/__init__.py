"""What people read and take away: tables, pictures, the report, exported models."""
