"""The backend "cuda": `backend.py` says what is where."""
