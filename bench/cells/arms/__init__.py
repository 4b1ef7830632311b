"""How a cell comes to its encoder and to where its queries go: trained, or corrected without training."""
