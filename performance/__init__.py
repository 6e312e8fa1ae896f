"""What officers do, what it costs, and the exhibits that say so."""
