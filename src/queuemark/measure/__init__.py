"""What happens on the machine: its facts, the order of trials, their execution. Knows neither store nor statistics."""
