"""What the recorded counts say: estimates with their uncertainty, nothing measured here."""
