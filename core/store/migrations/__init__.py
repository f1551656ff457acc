"""The schema's steps, `0001_initial.sql` onwards: applied in order, never edited once released."""
