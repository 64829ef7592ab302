"""The builder `template`: NLP data sets into instructions through files of templates."""
