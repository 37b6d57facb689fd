"A package of somebody else: one task, joined through its entry point"
