"""What everything else stands on: errors, clock, windows, money, ids. Imports nothing of ours."""
