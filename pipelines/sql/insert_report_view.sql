INSERT INTO {{ views }} ("report", "digest") VALUES ({{ report }}, {{ digest }})
