"""MMNet (Li et al., 2022): a main branch on the difference of apex and onset, and a position branch."""
