"""The application: what people and the clock do to cases."""
