"""The models page: what each model is for, where it is, whether it is in use, and what can be done about that."""
