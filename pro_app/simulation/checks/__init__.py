"""What must hold of a trial, each computed anew from what is stored and from what arrived."""
