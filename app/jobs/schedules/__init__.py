"""Pure rules of time: triggers, policies, declarations."""
